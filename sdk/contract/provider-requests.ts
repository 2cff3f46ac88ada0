/** Requests as some providers send them, for tests of receivers; secrets are test material. */
import { createHmac } from 'node:crypto';

export const PROVIDER_SECRET = 'a-secret-of-at-least-sixteen-bytes';

export interface ProviderRequest {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** @param type Of the body; GitHub sends JSON or, where it is set up so, a form. */
export function githubRequest(
  event: string,
  delivery: string,
  text: string,
  type = 'application/json',
): ProviderRequest {
  const signature = createHmac('sha256', PROVIDER_SECRET).update(text).digest('hex');
  return {
    headers: {
      'content-type': type,
      'x-github-event': event,
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body: bytes(text),
  };
}

/** @param url As Twilio was told it: it is signed. */
export function twilioRequest(url: string, fields: Readonly<Record<string, string>>) {
  const sorted = Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const signed = url + sorted.map(([name, value]) => name + value).join('');
  const request: ProviderRequest = {
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', PROVIDER_SECRET).update(signed).digest('base64'),
    },
    body: bytes(new URLSearchParams(fields).toString()),
  };
  return request;
}

/** @returns what X expects as `response_token`. */
export function crcAnswer(token: string): string {
  return `sha256=${createHmac('sha256', PROVIDER_SECRET).update(token).digest('base64')}`;
}
