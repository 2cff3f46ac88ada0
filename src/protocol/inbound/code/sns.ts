/**
 * Amazon SNS over HTTP: an RSA signature over named fields of the body, under a certificate whose
 * URL is in the body as well. SignatureVersion 1 is SHA-1, 2 is SHA-256.
 *
 * Every AWS account can have SNS sign messages of its own, so a good signature says only that AWS
 * sent it: which topics count must be set.
 */
import * as crypto from 'node:crypto';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { CertificateRing, mustReadCertificates } from './certificates.ts';
import { decodeExactBase64 } from './encodings.ts';
import { ageProblem, parseInstant } from './instants.ts';
import { objectOf, textIn } from './json.ts';
import type { JsonObject } from './json.ts';
import { KeyUnavailableError } from './key-ring.ts';
import { setting, settingList } from './settings.ts';
import { accept, refuse } from './verdict.ts';
import type { Refusal } from './verdict.ts';

/** AWS retries HTTP endpoints for an hour at most, and signs the instant of publishing. */
const TOLERANCE_SECONDS = 86_400;
const REGION_HOST = /^sns\.[a-z0-9-]{3,32}\.amazonaws\.com(?:\.cn)?$/;
const CERTIFICATE_PATH = /^\/[A-Za-z0-9._-]{1,128}\.pem$/;
const COMMON_NAME = /^sns(?:\.[a-z0-9-]{3,32})?\.amazonaws\.com(?:\.cn)?$/;
const TOPIC_ARN =
  /^arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,32}:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;
const DIGESTS: Readonly<Record<string, string>> = { 1: 'sha1', 2: 'sha256' };

/** What each type signs, in this order, each as name, newline, value, newline. */
const SIGNED: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: [
    'Message',
    'MessageId',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ],
};
const OPTIONAL = 'Subject';
/** The one field that may hold line breaks; in others they would allow a second reading. */
const FREE_TEXT = 'Message';

interface Scheme {
  readonly certificates: CertificateRing;
  readonly topics: readonly string[];
  readonly version: string | undefined;
  readonly toleranceSeconds: number;
}

/**
 * Settings: `topic_arn` (a comma list); `signature_version` (`2` refuses SHA-1).
 *
 * @throws TypeError where certificates can't be read.
 */
export function compileSns(options: VerifierOptions): InboundVerifier {
  mustReadCertificates();
  const version = setting(options, 'signature_version');
  if (version !== undefined && !Object.hasOwn(DIGESTS, version)) {
    throw new TypeError('config.signature_version must be 1 or 2');
  }
  const scheme: Scheme = {
    certificates: new CertificateRing(options.keys, COMMON_NAME),
    topics: settingList(options, 'topic_arn'),
    version,
    toleranceSeconds: options.toleranceSeconds ?? TOLERANCE_SECONDS,
  };
  return { verify: (request, now) => verify(scheme, request, now) };
}

/** Whether a URL is of SNS itself, in any region: `https`, no port, no credentials. */
export function isSnsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    REGION_HOST.test(url.hostname)
  );
}

/** The certificate's URL, when it is one that SNS uses. */
function certificateUrl(message: JsonObject): string | undefined {
  const text = textIn(message, 'SigningCertURL');
  if (text === undefined || !isSnsUrl(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.search === '' && url.hash === '' && CERTIFICATE_PATH.test(url.pathname);
  return isPlain ? url.href : undefined;
}

function verify(
  scheme: Scheme,
  request: InboundRequest,
  now: number,
): InboundVerdict | Promise<InboundVerdict> {
  const message = objectOf(request.body);
  if (message === undefined) {
    return refuse('malformed_body', 'The body is no SNS message; is raw delivery switched on?');
  }
  const given = textIn(message, 'Signature');
  if (!given) return refuse('missing_signature', 'The message has no Signature.');
  const signature = decodeExactBase64(given);
  const version = textIn(message, 'SignatureVersion') ?? '';
  const digest = Object.hasOwn(DIGESTS, version) ? DIGESTS[version] : undefined;
  if (signature === undefined || digest === undefined || version !== (scheme.version ?? version)) {
    return refuse('malformed_signature', 'Signature or SignatureVersion is not as expected.');
  }
  const content = signedText(message);
  if (content === undefined) {
    return refuse('malformed_body', 'A signed field is missing, or this is no type to sign.');
  }
  const problem = topicProblem(scheme.topics, message) ?? timeProblem(scheme, message, now);
  if (problem !== null) return problem;
  const url = certificateUrl(message);
  if (url === undefined) {
    return refuse('wrong_signature', 'SigningCertURL is not an address of Amazon SNS.');
  }
  return signatureVerdict(scheme, { url, digest, content, signature }, now);
}

interface SignedMessage {
  readonly url: string;
  readonly digest: string;
  readonly content: string;
  readonly signature: Uint8Array;
}

async function signatureVerdict(
  scheme: Scheme,
  { url, digest, content, signature }: SignedMessage,
  now: number,
): Promise<InboundVerdict> {
  try {
    const key = await scheme.certificates.key(url, now);
    if (key === undefined) {
      return refuse('wrong_signature', "What SigningCertURL leads to is not SNS's certificate.");
    }
    return crypto.verify(digest, new TextEncoder().encode(content), key, signature)
      ? accept(null)
      : refuse('wrong_signature', 'The signature does not fit the message.');
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}

/** `undefined` when a field that must be there is not, or could be read in two ways. */
function signedText(message: JsonObject): string | undefined {
  const type = textIn(message, 'Type') ?? '';
  const kind = type === 'UnsubscribeConfirmation' ? 'SubscriptionConfirmation' : type;
  const fields = Object.hasOwn(SIGNED, kind) ? SIGNED[kind] : undefined;
  if (fields === undefined) return undefined;
  let text = '';
  for (const field of fields) {
    if (field === OPTIONAL && (message[OPTIONAL] ?? null) === null) continue;
    const value = textIn(message, field);
    if (value === undefined || (field !== FREE_TEXT && value.includes('\n'))) return undefined;
    text += `${field}\n${value}\n`;
  }
  return text;
}

function topicProblem(topics: readonly string[], message: JsonObject): Refusal | null {
  const topic = textIn(message, 'TopicArn') ?? '';
  if (topics.length === 0) {
    const hint = TOPIC_ARN.test(topic) ? ` This message says it is of ${topic}.` : '';
    const need = 'Set config.topic_arn: any AWS account can make SNS sign messages.';
    return refuse('key_unavailable', need + hint);
  }
  return topics.includes(topic)
    ? null
    : refuse('wrong_signature', 'The message is of a topic that is not in config.topic_arn.');
}

function timeProblem(scheme: Scheme, message: JsonObject, now: number): Refusal | null {
  const at = parseInstant(textIn(message, 'Timestamp') ?? '');
  return at === undefined
    ? refuse('malformed_timestamp', 'Timestamp is not a time in ISO 8601.')
    : ageProblem(at, now, scheme.toleranceSeconds);
}
