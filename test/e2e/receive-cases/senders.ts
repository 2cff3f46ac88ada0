/** Senders as their documentation describes them, for cases that need a request of theirs. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

export interface Sent {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Behind the URL, with its question mark. */
  readonly query?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

const JSON_TYPE = { 'content-type': 'application/json' } as const;

export async function send(url: string, sent: Sent): Promise<Answer> {
  const { method = 'POST', body, headers, query = '' } = sent;
  const response = await fetch(url + query, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && JSON_TYPE), ...headers },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

function seconds(): string {
  return String(Math.floor(Date.now() / 1000));
}

export function github(secret: string, body: string, id: string, event = 'push'): Sent {
  const headers = {
    'x-github-event': event,
    'x-github-delivery': id,
    'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
  };
  return { body, headers };
}

export function stripe(secret: string, body: string, at = seconds()): Sent {
  const signature = `t=${at},v1=${hmac(secret, `${at}.${body}`)}`;
  return { body, headers: { 'stripe-signature': signature } };
}

export function slack(secret: string, body: string): Sent {
  const at = seconds();
  const headers = {
    'x-slack-request-timestamp': at,
    'x-slack-signature': `v0=${hmac(secret, `v0:${at}:${body}`)}`,
  };
  return { body, headers };
}

/** Standard Webhooks; the secret is `whsec_` and base64. */
export function standard(secret: string, body: string, id: string): Sent {
  const at = seconds();
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}` };
  return { body, headers };
}

/** An application of Discord: its public key, and requests signed by it. */
export function discord() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return {
    publicKey: raw.toString('hex'),
    signed(body: string): Sent {
      const at = seconds();
      const signature = sign(null, Buffer.from(at + body), privateKey).toString('hex');
      const headers = { 'x-signature-timestamp': at, 'x-signature-ed25519': signature };
      return { body, headers };
    },
  };
}

/** What Zoom expects back of a plain token. */
export function zoomAnswer(secret: string, plainToken: string): string {
  return hmac(secret, plainToken);
}
