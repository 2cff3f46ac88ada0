/**
 * A JWT under a shared secret that carries the body's SHA-256: LiveKit, Netlify. HS256 is pinned,
 * so neither `none` nor a public-key algorithm gets a token in.
 */
import { sameText } from '../../hmac.ts';
import type { HmacSha256Key } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { claimsProblem } from './claims.ts';
import type { ExpectedClaims } from './claims.ts';
import { sha256Base64, sha256Hex } from './hashes.ts';
import { textIn } from './json.ts';
import { hasMacOf, parseJws } from './jws.ts';
import type { JwtBodyHashParams } from './scheme.ts';
import { indexOfMatch, setting, textKeys } from './settings.ts';
import { accept, refuse } from './verdict.ts';

/** `config.issuer`, where it is set, is the only one. @throws TypeError without a secret. */
export function compileJwtBodyHash(
  params: JwtBodyHashParams,
  options: VerifierOptions,
): InboundVerifier {
  const keys = textKeys(options, 'the one that signs its tokens');
  const issuer = setting(options, 'issuer') ?? params.issuer;
  const expected: ExpectedClaims = {
    issuers: issuer === null ? null : [issuer],
    audiences: null,
    exact: {},
    freshness: params.expires ? 'exp' : 'none',
    maxAgeSeconds: 0,
  };
  return { verify: (request, now) => verify({ params, keys, expected }, request, now) };
}

interface Scheme {
  readonly params: JwtBodyHashParams;
  readonly keys: readonly HmacSha256Key[];
  readonly expected: ExpectedClaims;
}

function verify(scheme: Scheme, request: InboundRequest, now: number): InboundVerdict {
  const { header, claim, claimEncoding } = scheme.params;
  const token = request.headers(header);
  if (!token) return refuse('missing_signature', `There is no ${header} header.`);
  const jws = parseJws(token);
  if (jws === undefined) return refuse('malformed_signature', `${header} holds no signed token.`);
  if (jws.algorithm !== 'HS256') {
    return refuse('malformed_signature', 'The token is not signed with HS256.');
  }
  const secret = indexOfMatch(scheme.keys, (key) => hasMacOf(jws, key));
  if (secret === null) return refuse('wrong_signature', 'No secret of this source fits the token.');
  const problem = claimsProblem(jws.claims, scheme.expected, now);
  if (problem !== null) return problem;
  const hash = claimEncoding === 'hex' ? sha256Hex(request.body) : sha256Base64(request.body);
  return sameText(hash, textIn(jws.claims, claim) ?? '')
    ? accept(secret)
    : refuse('wrong_signature', 'The token was made for another body.');
}
