/**
 * Signs requests as a scheme's sender would: the language's second implementation, so that the
 * first is checked against something. It knows nothing of how verifying works.
 */
import * as crypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { InboundRequest } from '../protocol/inbound/request.ts';
import type {
  SignatureAlgorithm,
  SignatureEncoding,
  SignatureScheme,
  SignedScheme,
} from '../protocol/inbound/scheme.ts';

/** What both sides need to sign and to verify. */
export interface SampleKeys {
  /** As the receiver's source has it. */
  readonly secret: string;
  /** For signatures under a private key. */
  readonly privateKey: KeyObject | null;
}

export interface SampleRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Signing {
  readonly keys: SampleKeys;
  readonly body: Buffer;
  /** As it is spelled. */
  readonly timestamp: string;
  readonly id?: string;
  readonly url?: string;
  readonly method?: string;
  /** Further headers, for `{header:…}`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function inboundRequest({ method, url, headers, body }: SampleRequest): InboundRequest {
  return { method, url, body, headers: (name) => headers[name] };
}

/** @param seed another seed, another secret of the same form. */
export function sampleKeys(scheme: SignedScheme, seed: string): SampleKeys {
  if (scheme.kind === 'signature') return keyPair(scheme);
  const bytes = crypto.createHash('sha256').update(seed).digest();
  const form = scheme.kind === 'hmac' ? scheme.key : 'text';
  const secret =
    form === 'standard'
      ? `whsec_${bytes.toString('base64')}`
      : bytes.toString(form === 'text' ? 'hex' : form);
  return { secret, privateKey: null };
}

function keyPair(scheme: SignatureScheme): SampleKeys {
  const { publicKey, privateKey } = generate(scheme.algorithm);
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const raw = der.subarray(-32);
  const secrets = {
    pem: () => publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    'spki-base64': () => der.toString('base64'),
    'raw-hex': () => raw.toString('hex'),
    'raw-base64': () => raw.toString('base64'),
    whpk: () => `whpk_${raw.toString('base64')}`,
  };
  return { secret: secrets[scheme.key](), privateKey };
}

function generate(algorithm: SignatureAlgorithm): crypto.KeyPairKeyObjectResult {
  if (algorithm === 'ed25519') return crypto.generateKeyPairSync('ed25519');
  if (algorithm.startsWith('rsa'))
    return crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** How a sender spells an instant. */
export function spelled(scheme: SignedScheme, now: number): string {
  const unit = scheme.timestamp?.unit ?? 's';
  if (unit === 'iso8601') return new Date(now).toISOString();
  return String(unit === 's' ? Math.floor(now / 1_000) : now);
}

/** The request as its sender would send it. Bodies must be JSON where a scheme looks into them. */
export function signedRequest(scheme: SignedScheme, signing: Signing): SampleRequest {
  const { url = 'https://hooks.example.com/in/abc?x=1', method = 'POST', id = 'msg_1' } = signing;
  const time = scheme.timestamp?.at;
  const inBody = typeof time === 'object' && 'json' in time ? time.json : null;
  let body = inBody === null ? signing.body : withMember(signing.body, inBody, signing.timestamp);
  if ('json' in scheme.signature.at) {
    body = withMember(body, '/signature/token', 'a-token');
  }
  const headers: Record<string, string> = { ...signing.headers };
  if (typeof time === 'object' && 'header' in time) {
    headers[plain(time.header)] = signing.timestamp;
  }
  const [idHeader] = scheme.idHeaders ?? [];
  if (idHeader !== undefined) headers[idHeader] = id;
  const values = { ...signing, id, url, method, body, headers };
  const signature = signatureText(scheme, values, contentOf(scheme.content, values));
  const text = spelledHeader(scheme, signature, signing.timestamp);
  const { at } = scheme.signature;
  if ('headers' in at) headers[plain(at.headers[0] ?? '')] = text;
  if ('json' in at) body = withMember(body, at.json, text);
  return {
    method,
    url: 'query' in at ? `${url}&${at.query}=${encodeURIComponent(text)}` : url,
    headers,
    body,
  };
}

/** The default where an entry of the catalogue leaves a name to the source. */
function plain(text: string): string {
  return text.replaceAll(/\{config\.\w+\|([^{}]*)\}/g, '$1');
}

interface Values extends Signing {
  readonly id: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

function contentOf(template: string, values: Values): Buffer {
  const pieces = template.split(/(\{[^{}]+\})/).map((piece) => {
    if (piece === '{body}') return values.body;
    return Buffer.from(piece.startsWith('{') ? placeholder(piece.slice(1, -1), values) : piece);
  });
  return Buffer.concat(pieces);
}

function placeholder(name: string, values: Values): string {
  const { url, method, id, timestamp, keys, headers } = values;
  const [kind = '', argument = ''] = name.split(/:(.*)/);
  const found: Readonly<Record<string, () => string | undefined>> = {
    timestamp: () => timestamp,
    id: () => id,
    url: () => url,
    path: () => url.replace(/^\w+:\/\/[^/]+/, ''),
    method: () => method,
    secret: () => keys.secret,
    body_sha256_hex: () => crypto.createHash('sha256').update(values.body).digest('hex'),
    header: () => headers[argument],
    json: () => String(member(JSON.parse(values.body.toString()), argument.split('/').slice(1))),
    query: () => new URL(url).searchParams.get(argument) ?? undefined,
  };
  return found[kind]?.() ?? '';
}

function signatureText(scheme: SignedScheme, values: Values, content: Buffer): string {
  const { encoding } = scheme.signature;
  const { secret, privateKey } = values.keys;
  if (scheme.kind === 'hash') {
    return encoded(crypto.createHash(scheme.hash).update(content).digest(), encoding);
  }
  if (scheme.kind === 'hmac') {
    const key = keyOf(secret, scheme.key);
    return encoded(crypto.createHmac(scheme.hash, key).update(content).digest(), encoding);
  }
  if (privateKey === null) throw new Error('A signature needs a private key');
  return encoded(signWith(scheme.algorithm, content, privateKey), encoding);
}

function signWith(algorithm: SignatureAlgorithm, content: Buffer, key: KeyObject): Buffer {
  if (algorithm === 'ed25519') return crypto.sign(null, content, key);
  if (algorithm === 'ecdsa-p256-sha256-p1363') {
    return crypto.sign('sha256', content, { key, dsaEncoding: 'ieee-p1363' });
  }
  if (algorithm === 'rsa-pss-sha256') {
    const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
    return crypto.sign('sha256', content, { key, padding });
  }
  return crypto.sign(algorithm.split('-').at(-1) ?? '', content, key);
}

function keyOf(secret: string, form: string): Buffer {
  if (form === 'hex') return Buffer.from(secret, 'hex');
  if (form === 'base64' || form === 'base64url') return Buffer.from(secret, 'base64');
  const isStandard = form === 'standard' && secret.startsWith('whsec_');
  return isStandard ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
}

function encoded(bytes: Buffer, encoding: SignatureEncoding): string {
  return bytes.toString(encoding);
}

function spelledHeader(scheme: SignedScheme, signature: string, timestamp: string): string {
  const { layout } = scheme.signature;
  if (layout.kind !== 'fields') return plain(layout.prefix) + signature;
  const fields = [[layout.signature, signature]];
  if (layout.timestamp !== null) fields.unshift([layout.timestamp, timestamp]);
  const separator = layout.separator + (layout.spaced === true ? ' ' : '');
  return fields.map((field) => field.join(layout.assign)).join(separator);
}

function member(value: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  return typeof value === 'object' && value !== null
    ? member(Reflect.get(value, step), rest)
    : null;
}

/** Numbers stay numbers, as senders write them. */
function withMember(body: Buffer, pointer: string, text: string): Buffer {
  const path = pointer.split('/').slice(1);
  const value: unknown = /^\d{1,15}$/.test(text) ? Number(text) : text;
  return Buffer.from(JSON.stringify(placed(JSON.parse(body.toString()), path, value)));
}

function placed(object: unknown, path: readonly string[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const members = typeof object === 'object' && object !== null ? object : {};
  return { ...members, [step]: placed(Reflect.get(members, step), rest, value) };
}
