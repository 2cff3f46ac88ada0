/**
 * A JWT under a key that its issuer publishes: Google, Microsoft Entra, Gemini. The issuer's name
 * in the token chooses among the issuers of the scheme, and never where keys come from.
 */
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { claimsProblem } from './claims.ts';
import type { ExpectedClaims } from './claims.ts';
import { textIn } from './json.ts';
import { readKeySet } from './jwks.ts';
import type { PublicJwk } from './jwks.ts';
import { isSignedBy, parseJws } from './jws.ts';
import type { Jws, PublicJwsAlgorithm } from './jws.ts';
import { KeyDocument, KeyUnavailableError, namedKeys } from './key-ring.ts';
import type { JwtIssuer, JwtParams } from './scheme.ts';
import {
  missingSettings,
  mustBeKeyUrl,
  settingList,
  unconfigured,
  withSettings,
} from './settings.ts';
import { accept, refuse } from './verdict.ts';
import type { Refusal } from './verdict.ts';

const BEARER = /^Bearer ([^\s,]+)$/i;

/** An issuer with its keys. */
export interface TrustedIssuer {
  readonly issuer: string | null;
  readonly keys: KeyDocument<readonly PublicJwk[]>;
  readonly exact: Readonly<Record<string, string>>;
}

/** @throws TypeError for a key URL that must not be asked. */
export function compileJwt(params: JwtParams, options: VerifierOptions): InboundVerifier {
  const need = missingForJwt(params, options);
  if (need !== null) return unconfigured(need);
  const issuers = params.issuers.map((issuer) => trusted(issuer, params.algorithm, options));
  const audiences = settingList(options, 'audience');
  return {
    verify: (request, now) => {
      const token = tokenIn(request, params);
      if (typeof token !== 'string') return token;
      const accepted = audiences.length > 0 ? audiences : [request.url];
      return verifyToken(token, { issuers, audiences: accepted, params }, now);
    },
  };
}

/** A sentence about the setting that is missing; null when there is none. */
function missingForJwt(params: JwtParams, options: VerifierOptions): string | null {
  const texts = params.issuers.flatMap(({ issuer, keys, exact }) => [
    issuer ?? '',
    keys,
    ...Object.values(exact ?? {}),
  ]);
  const missing = texts.flatMap((text) => missingSettings(text, options));
  if (params.audience === 'config' && settingList(options, 'audience').length === 0) {
    missing.push('audience');
  }
  const first = missing[0];
  return first === undefined
    ? null
    : `Set config.${first}: without it nobody can tell whose token this is.`;
}

export function trusted(
  { issuer, keys, exact }: JwtIssuer,
  algorithm: PublicJwsAlgorithm,
  options: VerifierOptions,
): TrustedIssuer {
  const url = mustBeKeyUrl(withSettings(keys, options), 'The URL of the key set');
  const claims = Object.entries(exact ?? {});
  return {
    issuer: issuer === null ? null : withSettings(issuer, options),
    keys: new KeyDocument(options.keys, url, (text) => readKeySet(text, algorithm)),
    exact: Object.fromEntries(claims.map(([name, text]) => [name, withSettings(text, options)])),
  };
}

function tokenIn(request: InboundRequest, params: JwtParams): string | Refusal {
  const value = request.headers(params.header);
  if (!value) return refuse('missing_signature', `There is no ${params.header} header.`);
  const token = params.bearer ? BEARER.exec(value)?.[1] : value;
  return token ?? refuse('malformed_signature', `${params.header} holds no bearer token.`);
}

export interface TokenRules {
  readonly issuers: readonly TrustedIssuer[];
  readonly audiences: readonly string[];
  readonly params: { readonly algorithm: PublicJwsAlgorithm };
}

/** @param rules whose tokens, for whom. */
export async function verifyToken(
  token: string,
  rules: TokenRules,
  now: number,
): Promise<InboundVerdict> {
  const { algorithm } = rules.params;
  const jws = parseJws(token);
  if (jws === undefined || jws.algorithm !== algorithm) {
    return refuse('malformed_signature', `This is no token signed with ${algorithm}.`);
  }
  const named = textIn(jws.claims, 'iss');
  const issuer = rules.issuers.find((one) => one.issuer === null || one.issuer === named);
  if (issuer === undefined) {
    return refuse('wrong_signature', 'The token is not from an issuer this source expects.');
  }
  const problem = await signatureProblem(jws, issuer.keys, algorithm);
  if (problem !== null) return problem;
  const expected: ExpectedClaims = {
    issuers: issuer.issuer === null ? null : [issuer.issuer],
    audiences: rules.audiences,
    exact: issuer.exact,
    freshness: 'exp',
    maxAgeSeconds: 0,
  };
  return claimsProblem(jws.claims, expected, now) ?? accept(null);
}

/** `null` when one of the issuer's keys with the token's key id signed it. */
export async function signatureProblem(
  jws: Jws,
  document: KeyDocument<readonly PublicJwk[]>,
  algorithm: PublicJwsAlgorithm,
): Promise<Refusal | null> {
  const { keyId } = jws;
  if (keyId === null) return refuse('malformed_signature', 'The token names no key (kid).');
  try {
    const keys = await namedKeys(document, (all) =>
      all.filter(({ id }) => id === keyId).map(({ key }) => key),
    );
    if (keys.some((key) => isSignedBy(jws, key, algorithm))) return null;
    const why = keys.length > 0 ? 'does not fit its key' : 'names a key that is not published';
    return refuse('wrong_signature', `The token's signature ${why}.`);
  } catch (error) {
    if (error instanceof KeyUnavailableError) return refuse('key_unavailable', error.message);
    throw error;
  }
}
