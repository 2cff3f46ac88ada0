/**
 * HTTP message signatures (RFC 9421), with Web Bot Auth as a profile of them. The signature must
 * cover where the request goes to and, by `Content-Digest`, the body.
 */
import * as crypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { decodeExactBase64 } from './encodings.ts';
import { DEFAULT_TOLERANCE_SECONDS, ageProblem } from './instants.ts';
import { fits } from './jws.ts';
import type { PublicJwsAlgorithm } from './jws.ts';
import { KeyDocument, KeyUnavailableError } from './key-ring.ts';
import type { HttpSignatureParams } from './scheme.ts';
import { mustBeKeyUrl, setting } from './settings.ts';
import { coveredBy, digestFits, signatureBase } from './signature-base.ts';
import { mustBeSignerKey, readSignerKeys } from './signer-keys.ts';
import type { SignerKey } from './signer-keys.ts';
import { bytesOf, integerOf, parseDictionary, stringOf } from './structured-fields.ts';
import type { Member } from './structured-fields.ts';
import { accept, refuse } from './verdict.ts';
import type { Refusal } from './verdict.ts';

export const MAX_SIGNATURES = 8;
const encoder = new TextEncoder();

/** RFC 9421 §3.3, by the kind of key: what a signature calls itself can't choose. */
const NAMES: Readonly<Record<PublicJwsAlgorithm, string>> = {
  EdDSA: 'ed25519',
  ES256: 'ecdsa-p256-sha256',
  RS256: 'rsa-v1_5-sha256',
};

interface Scheme {
  readonly tag: string | null;
  readonly own: readonly SignerKey[];
  readonly directory: KeyDocument<readonly SignerKey[]> | null;
  readonly toleranceSeconds: number;
}

/**
 * Secrets are public keys (JWK, PEM, or ed25519 as base64); `config.directory_url` is where the
 * signer publishes its set.
 *
 * @throws TypeError without either, or for a key that can't be used.
 */
export function compileHttpSignature(
  params: HttpSignatureParams,
  options: VerifierOptions,
): InboundVerifier {
  const url = setting(options, 'directory_url');
  const own = options.secrets.map(mustBeSignerKey);
  if (url === undefined && own.length === 0) {
    throw new TypeError("This source needs the signer's public key or config.directory_url");
  }
  const scheme: Scheme = {
    tag: params.tag,
    own,
    directory:
      url === undefined
        ? null
        : new KeyDocument(options.keys, mustBeKeyUrl(url, 'config.directory_url'), readSignerKeys),
    toleranceSeconds: options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS,
  };
  return { verify: (request, now) => verify(scheme, request, now) };
}

interface Signature {
  readonly input: Member;
  readonly bytes: Uint8Array;
}

async function verify(
  scheme: Scheme,
  request: InboundRequest,
  now: number,
): Promise<InboundVerdict> {
  const [inputs, values] = [request.headers('signature-input'), request.headers('signature')];
  if (!inputs || !values) {
    return refuse('missing_signature', 'Signature-Input and Signature are due.');
  }
  const signatures = signaturesIn(inputs, values, scheme.tag);
  if (signatures.length === 0 || signatures.length > MAX_SIGNATURES) {
    return refuse('malformed_signature', 'There is no readable signature, or too many.');
  }
  let problem: Refusal | null = null;
  for (const signature of signatures) {
    const verdict = await verdictOn(scheme, request, signature, now);
    if (verdict.ok) return verdict;
    problem ??= verdict;
  }
  return problem ?? refuse('malformed_signature', 'There is no readable signature.');
}

/** Those of the tag that the scheme is for; others are somebody else's affair. */
function signaturesIn(inputs: string, values: string, tag: string | null): readonly Signature[] {
  const [named, signed] = [parseDictionary(inputs), parseDictionary(values)];
  return [...(named ?? [])].flatMap(([label, input]) => {
    if (tag !== null && stringOf(input.parameters.get('tag')) !== tag) return [];
    const bytes = decodeExactBase64(bytesOf(signed?.get(label)?.value) ?? '');
    return bytes === undefined || bytes.length === 0 ? [] : [{ input, bytes }];
  });
}

async function verdictOn(
  scheme: Scheme,
  request: InboundRequest,
  signature: Signature,
  now: number,
): Promise<InboundVerdict> {
  const { input } = signature;
  const problem =
    coverageProblem(scheme, request, input) ?? timeProblem(input, now, scheme.toleranceSeconds);
  if (problem !== null) return problem;
  const base = signatureBase(request, input);
  if (base === undefined) {
    return refuse('malformed_signature', 'The signature covers what this request does not have.');
  }
  try {
    return await signatureVerdict(scheme, signature, base);
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}

function coverageProblem(scheme: Scheme, request: InboundRequest, input: Member): Refusal | null {
  const covered = coveredBy(input);
  if (!covered.has('@authority') && !covered.has('@target-uri')) {
    return refuse('wrong_signature', 'The signature covers neither @authority nor @target-uri.');
  }
  if (scheme.tag === null && !covered.has('@method')) {
    return refuse('wrong_signature', 'The signature does not cover @method.');
  }
  if (request.body.length === 0) return null;
  return covered.has('content-digest') &&
    digestFits(request.headers('content-digest'), request.body)
    ? null
    : refuse('wrong_signature', 'The signature does not cover a Content-Digest of the body.');
}

function timeProblem(input: Member, now: number, toleranceSeconds: number): Refusal | null {
  const created = integerOf(input.parameters.get('created'));
  if (created === undefined) return refuse('missing_timestamp', 'The signature has no created.');
  const problem = ageProblem(created * 1000, now, toleranceSeconds);
  if (problem !== null) return problem;
  const expires = input.parameters.get('expires');
  if (expires === undefined) return null;
  return now <= (integerOf(expires) ?? 0) * 1000
    ? null
    : refuse('stale_timestamp', 'The signature has expired.');
}

async function signatureVerdict(
  { own, directory }: Scheme,
  { input, bytes }: Signature,
  base: string,
): Promise<InboundVerdict> {
  const id = stringOf(input.parameters.get('keyid'));
  const algorithm = stringOf(input.parameters.get('alg'));
  const isGood = ({ key, kind }: SignerKey) =>
    (algorithm === undefined || algorithm === NAMES[kind]) && isSigned(base, key, kind, bytes);
  const index = own.findIndex(isGood);
  if (index !== -1) return accept(index);
  if (directory !== null && id !== undefined) {
    const isNamed = ({ ids }: SignerKey) => ids.includes(id);
    const known = (await directory.keys(false)).filter(isNamed);
    const keys = known.length > 0 ? known : (await directory.keys(true)).filter(isNamed);
    if (keys.some(isGood)) return accept(null);
  }
  return refuse('wrong_signature', 'No key of the signer fits the signature.');
}

function isSigned(
  base: string,
  key: KeyObject,
  kind: PublicJwsAlgorithm,
  bytes: Uint8Array,
): boolean {
  if (!fits(key, kind)) return false;
  const data = encoder.encode(base);
  try {
    if (kind === 'EdDSA') return crypto.verify(null, data, key, bytes);
    if (kind === 'RS256') return crypto.verify('sha256', data, key, bytes);
    return crypto.verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, bytes);
  } catch {
    return false;
  }
}
