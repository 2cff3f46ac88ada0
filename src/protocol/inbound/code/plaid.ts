/**
 * Plaid: an ES256 JWT with the body's SHA-256. The key is asked for by its id, at Plaid's own API
 * with the account's credentials, so the secret of such a source is the API secret.
 */
import type { KeyObject } from 'node:crypto';
import { sameText } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, KeySource, VerifierOptions } from '../verifier.ts';
import { claimsProblem } from './claims.ts';
import type { ExpectedClaims } from './claims.ts';
import { sha256Hex } from './hashes.ts';
import { DEFAULT_TOLERANCE_SECONDS } from './instants.ts';
import { isObject, objectIn, parseJson, textIn } from './json.ts';
import { publicKeyOf } from './jwks.ts';
import { isSignedBy, parseJws } from './jws.ts';
import type { Jws } from './jws.ts';
import { documentAt, KeyUnavailableError } from './key-ring.ts';
import { mustHaveSecrets, setting, unconfigured } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const HEADER = 'plaid-verification';
const HOSTS: Readonly<Record<string, string>> = {
  production: 'https://production.plaid.com',
  sandbox: 'https://sandbox.plaid.com',
};
const PATH = '/webhook_verification_key/get';

interface Account {
  readonly keys: KeySource;
  readonly url: string;
  readonly clientId: string;
  readonly secrets: readonly string[];
}

/**
 * Settings: `client_id`; `environment` (`production` unless set).
 *
 * @throws TypeError without a secret, or for another environment.
 */
export function compilePlaid(options: VerifierOptions): InboundVerifier {
  const secrets = mustHaveSecrets(options, 'the secret of your Plaid API keys');
  const host = HOSTS[setting(options, 'environment') ?? 'production'];
  if (host === undefined) throw new TypeError('config.environment: production or sandbox');
  const clientId = setting(options, 'client_id');
  if (clientId === undefined) {
    return unconfigured('Set config.client_id: Plaid gives out its keys to API clients only.');
  }
  const account = { keys: options.keys, url: host + PATH, clientId, secrets };
  const expected: ExpectedClaims = {
    issuers: null,
    audiences: null,
    exact: {},
    freshness: 'iat',
    maxAgeSeconds: options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS,
  };
  return { verify: (request, now) => verify(account, expected, request, now) };
}

async function verify(
  account: Account,
  expected: ExpectedClaims,
  request: InboundRequest,
  now: number,
): Promise<InboundVerdict> {
  const token = request.headers(HEADER);
  if (!token) return refuse('missing_signature', `There is no ${HEADER} header.`);
  const jws = parseJws(token);
  if (jws === undefined || jws.algorithm !== 'ES256' || jws.keyId === null) {
    return refuse('malformed_signature', `${HEADER} is no ES256 token that names its key.`);
  }
  // Both cost nothing, and spare Plaid's API the noise. They count once the signature is good.
  if (!sameText(sha256Hex(request.body), textIn(jws.claims, 'request_body_sha256') ?? '')) {
    return refuse('wrong_signature', 'The token was made for another body.');
  }
  const problem = claimsProblem(jws.claims, expected, now);
  if (problem !== null) return problem;
  try {
    const key = await keyOf(account, jws.keyId, now);
    return isGood(jws, key) ? accept(null) : refuse('wrong_signature', 'The signature is wrong.');
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}

function isGood(jws: Jws, key: KeyObject | undefined): boolean {
  return key !== undefined && isSignedBy(jws, key, 'ES256');
}

/**
 * @returns `undefined` when Plaid knows another key by that id, or it has ended.
 * @throws KeyUnavailableError when no secret gets an answer.
 */
async function keyOf(account: Account, keyId: string, now: number): Promise<KeyObject | undefined> {
  let failure: unknown;
  for (const secret of account.secrets) {
    const ask = JSON.stringify({ client_id: account.clientId, secret, key_id: keyId });
    try {
      // Nothing else can fit, so one secret that gets an answer is enough.
      return readKey(await documentAt(account.keys, account.url, false, ask), keyId, now);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function readKey(text: string, keyId: string, now: number): KeyObject | undefined {
  const answer = parseJson(text);
  const jwk = isObject(answer) ? objectIn(answer, 'key') : undefined;
  if (jwk === undefined || textIn(jwk, 'kid') !== keyId) return undefined;
  const expired = jwk['expired_at'];
  if (typeof expired === 'number' && expired * 1000 < now) return undefined;
  return publicKeyOf(jwk, 'ES256');
}
