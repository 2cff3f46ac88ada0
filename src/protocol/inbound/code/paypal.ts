/**
 * PayPal: RSA-SHA256 over transmission id, time, the webhook's id and the CRC-32 of the body,
 * under a certificate whose URL comes in a header.
 *
 * A CRC-32 can be met on purpose, so who holds one request could make another body for it. The
 * signed transmission id is what tells such a request from a new one.
 */
import * as crypto from 'node:crypto';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { CertificateRing, mustReadCertificates } from './certificates.ts';
import { crc32 } from './crc32.ts';
import { decodeExactBase64 } from './encodings.ts';
import { ageProblem, parseInstant } from './instants.ts';
import { KeyUnavailableError } from './key-ring.ts';
import { setting, unconfigured } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const HEADERS = {
  id: 'paypal-transmission-id',
  time: 'paypal-transmission-time',
  signature: 'paypal-transmission-sig',
  url: 'paypal-cert-url',
  algorithm: 'paypal-auth-algo',
} as const;
const ALGORITHM = 'SHA256withRSA';
const HOSTS = new Set([
  'api.paypal.com',
  'api-m.paypal.com',
  'api.sandbox.paypal.com',
  'api-m.sandbox.paypal.com',
]);
const CERTIFICATE_PATH = /^\/v1\/notifications\/certs\/[A-Za-z0-9_-]{1,128}$/;
const COMMON_NAME = /^(?:[a-z0-9-]+\.)+paypal\.com$/;
/** PayPal repeats for three days, with the time of the first try. */
const TOLERANCE_SECONDS = 4 * 86_400;
/** A bar would move the border between two signed parts. */
const TRANSMISSION_ID = /^[A-Za-z0-9-]{1,128}$/;

interface Scheme {
  readonly certificates: CertificateRing;
  readonly webhookId: string;
  readonly toleranceSeconds: number;
}

/**
 * Setting: `webhook_id`, which PayPal shows once the webhook exists.
 *
 * @throws TypeError where certificates can't be read.
 */
export function compilePaypal(options: VerifierOptions): InboundVerifier {
  mustReadCertificates();
  const webhookId = setting(options, 'webhook_id');
  if (webhookId === undefined) {
    return unconfigured("Set config.webhook_id to the webhook's id from the PayPal dashboard.");
  }
  const scheme: Scheme = {
    certificates: new CertificateRing(options.keys, COMMON_NAME),
    webhookId,
    toleranceSeconds: options.toleranceSeconds ?? TOLERANCE_SECONDS,
  };
  return { verify: (request, now) => verify(scheme, request, now) };
}

function verify(
  scheme: Scheme,
  request: InboundRequest,
  now: number,
): InboundVerdict | Promise<InboundVerdict> {
  const given = request.headers(HEADERS.signature);
  const id = request.headers(HEADERS.id);
  if (!given || !id) {
    return refuse('missing_signature', `${HEADERS.signature} and ${HEADERS.id} are due.`);
  }
  const signature = decodeExactBase64(given);
  const isKnown = request.headers(HEADERS.algorithm) === ALGORITHM;
  if (signature === undefined || !isKnown || !TRANSMISSION_ID.test(id)) {
    return refuse('malformed_signature', `This is no ${ALGORITHM} signature in base64.`);
  }
  const time = request.headers(HEADERS.time);
  if (!time) return refuse('missing_timestamp', `There is no ${HEADERS.time} header.`);
  const at = parseInstant(time);
  if (at === undefined) return refuse('malformed_timestamp', `${HEADERS.time} is not ISO 8601.`);
  const problem = ageProblem(at, now, scheme.toleranceSeconds);
  if (problem !== null) return problem;
  const url = certificateUrl(request.headers(HEADERS.url) ?? '');
  if (url === undefined) {
    return refuse('wrong_signature', `${HEADERS.url} is not an address of PayPal's certificates.`);
  }
  const content = `${id}|${time}|${scheme.webhookId}|${crc32(request.body)}`;
  return signatureVerdict(scheme, { url, content, signature }, now);
}

function certificateUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain =
    url.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  return isPlain && HOSTS.has(url.hostname) && CERTIFICATE_PATH.test(url.pathname)
    ? url.href
    : undefined;
}

async function signatureVerdict(
  scheme: Scheme,
  signed: { readonly url: string; readonly content: string; readonly signature: Uint8Array },
  now: number,
): Promise<InboundVerdict> {
  try {
    const key = await scheme.certificates.key(signed.url, now);
    if (key === undefined) {
      return refuse('wrong_signature', `What ${HEADERS.url} leads to is no valid certificate.`);
    }
    const content = new TextEncoder().encode(signed.content);
    return crypto.verify('sha256', content, key, signed.signature)
      ? accept(null)
      : refuse('wrong_signature', 'The signature does not fit the request.');
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}
