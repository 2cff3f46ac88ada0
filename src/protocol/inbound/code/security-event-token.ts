/**
 * Security Event Tokens by push (RFC 8417, RFC 8935; OpenID Shared Signals): the body is the token.
 *
 * The type in the header must say so: an access or identity token of the same issuer is signed with
 * the same keys, and must not pass for an event (RFC 8417 §4.5).
 */
import { sameText } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { claimsProblem } from './claims.ts';
import type { ExpectedClaims } from './claims.ts';
import { objectIn, textIn, utf8 } from './json.ts';
import { readKeySet } from './jwks.ts';
import type { PublicJwk } from './jwks.ts';
import { parseJws } from './jws.ts';
import type { Jws, PublicJwsAlgorithm } from './jws.ts';
import { signatureProblem } from './jwt.ts';
import { KeyDocument } from './key-ring.ts';
import { indexOfMatch, mustBeKeyUrl, setting, settingList, unconfigured } from './settings.ts';
import { accept, refuse } from './verdict.ts';
import type { Refusal } from './verdict.ts';

const TYPES = new Set(['secevent+jwt', 'application/secevent+jwt']);
/** Transmitters retry, and a stream that was paused delivers what waited. */
const MAX_AGE_SECONDS = 7 * 86_400;

interface Scheme {
  readonly algorithm: PublicJwsAlgorithm;
  readonly keys: KeyDocument<readonly PublicJwk[]>;
  readonly expected: ExpectedClaims;
  /** What the Authorization header must be one of; empty where the transmitter sends none. */
  readonly credentials: readonly string[];
}

/**
 * Settings: `issuer`, `jwks_url`, `audience`, and `algorithm` (`RS256` unless set). Secrets, where
 * there are some, are bearer tokens that must come in the Authorization header as well.
 *
 * @throws TypeError for a setting that can't be used.
 */
export function compileSecurityEventToken(options: VerifierOptions): InboundVerifier {
  const issuer = setting(options, 'issuer');
  const url = setting(options, 'jwks_url');
  const audiences = settingList(options, 'audience');
  if (issuer === undefined || url === undefined || audiences.length === 0) {
    return unconfigured('Set config.issuer, config.jwks_url and config.audience.');
  }
  const algorithm = algorithmOf(setting(options, 'algorithm') ?? 'RS256');
  const scheme: Scheme = {
    algorithm,
    keys: new KeyDocument(options.keys, mustBeKeyUrl(url, 'config.jwks_url'), (text) =>
      readKeySet(text, algorithm),
    ),
    expected: {
      issuers: [issuer],
      audiences,
      exact: {},
      freshness: 'iat',
      maxAgeSeconds: options.toleranceSeconds ?? MAX_AGE_SECONDS,
    },
    credentials: options.secrets,
  };
  return { verify: (request, now) => verify(scheme, request, now) };
}

function algorithmOf(text: string): PublicJwsAlgorithm {
  if (text === 'RS256' || text === 'ES256' || text === 'EdDSA') return text;
  throw new TypeError('config.algorithm must be RS256, ES256 or EdDSA');
}

async function verify(
  scheme: Scheme,
  request: InboundRequest,
  now: number,
): Promise<InboundVerdict> {
  const secret = credentialOf(scheme.credentials, request);
  if (typeof secret === 'object' && secret !== null) return secret;
  const jws = parseJws(utf8(request.body) ?? '');
  if (jws === undefined) return refuse('missing_signature', 'The body is no signed token.');
  const problem = shapeProblem(jws, scheme.algorithm);
  if (problem !== null) return problem;
  return (
    (await signatureProblem(jws, scheme.keys, scheme.algorithm)) ??
    claimsProblem(jws.claims, scheme.expected, now) ??
    accept(secret)
  );
}

/** The index of the fitting one; null where none is asked for; otherwise the refusal. */
function credentialOf(credentials: readonly string[], request: InboundRequest) {
  if (credentials.length === 0) return null;
  const given = request.headers('authorization') ?? '';
  if (given === '') return refuse('missing_signature', 'There is no authorization header.');
  const found = indexOfMatch(credentials, (one) => sameText(`Bearer ${one}`, given));
  return found ?? refuse('wrong_signature', 'The authorization header holds another token.');
}

function shapeProblem(jws: Jws, algorithm: PublicJwsAlgorithm): Refusal | null {
  if (jws.algorithm !== algorithm) {
    return refuse('malformed_signature', `The token is not signed with ${algorithm}.`);
  }
  if (jws.type === null || !TYPES.has(jws.type)) {
    return refuse('malformed_signature', 'The token does not say that it is a secevent+jwt.');
  }
  const events = objectIn(jws.claims, 'events');
  if (events === undefined || Object.keys(events).length === 0 || !textIn(jws.claims, 'jti')) {
    return refuse('malformed_body', 'The token has no jti or no events.');
  }
  return null;
}
