/** The claims of a JSON Web Token that decide whether it is for us and for now (RFC 7519 §4.1). */
import type { JsonObject } from './json.ts';
import { textIn } from './json.ts';
import { refuse } from './verdict.ts';
import type { Refusal } from './verdict.ts';

/** How far two clocks may be apart where the token says itself how long it lives. */
export const CLOCK_SKEW_SECONDS = 60;
/** A year ten thousand years away is a mistake or a trick. */
const MAX_NUMERIC_DATE = 253_402_300_799;

export interface ExpectedClaims {
  /** Any of them; null where the scheme knows none. */
  readonly issuers: readonly string[] | null;
  /** Any of them; null where the scheme has no audience. */
  readonly audiences: readonly string[] | null;
  /** Further claims with the exact text they must have. */
  readonly exact: Readonly<Record<string, string>>;
  /** Which instant the token must carry. `none`: replays are a matter for dedupe. */
  readonly freshness: 'exp' | 'iat' | 'none';
  /** How old `iat` may be, where that is what limits the token's life. */
  readonly maxAgeSeconds: number;
}

/** `null` when all is as expected. Ask this of a token only once its signature is known good. */
export function claimsProblem(
  claims: JsonObject,
  expected: ExpectedClaims,
  now: number,
): Refusal | null {
  return identityProblem(claims, expected) ?? timeProblem(claims, expected, now / 1000);
}

function identityProblem(claims: JsonObject, expected: ExpectedClaims): Refusal | null {
  const issuer = textIn(claims, 'iss');
  if (expected.issuers !== null && (issuer === undefined || !expected.issuers.includes(issuer))) {
    return refuse('wrong_signature', 'The token is not from the issuer this source expects.');
  }
  if (expected.audiences !== null && !isFor(claims['aud'], expected.audiences)) {
    return refuse('wrong_signature', 'The token is meant for another audience than this source.');
  }
  for (const [name, value] of Object.entries(expected.exact)) {
    if (spelt(claims, name) !== value) {
      return refuse(
        'wrong_signature',
        `The token's claim ${name} is not what this source expects.`,
      );
    }
  }
  return null;
}

/** Texts as they are; `email_verified` comes as a boolean or as its text. */
function spelt(claims: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'boolean' ? String(value) : textIn(claims, name);
}

/** RFC 7519 §4.1.3: a text or a list of texts. */
function isFor(audience: unknown, expected: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return named.some((one) => typeof one === 'string' && expected.includes(one));
}

function timeProblem(
  claims: JsonObject,
  expected: ExpectedClaims,
  nowSeconds: number,
): Refusal | null {
  for (const name of ['exp', 'nbf', 'iat'] as const) {
    if (Object.hasOwn(claims, name) && !isNumericDate(claims[name])) {
      return refuse('malformed_timestamp', `The token's ${name} is not a time in seconds.`);
    }
  }
  const { freshness } = expected;
  if (freshness !== 'none' && !Object.hasOwn(claims, freshness)) {
    return refuse('missing_timestamp', `The token has no ${freshness}, so it would never end.`);
  }
  const [expires, begins, issued] = [claims['exp'], claims['nbf'], claims['iat']];
  if (typeof expires === 'number' && nowSeconds > expires + CLOCK_SKEW_SECONDS) {
    return refuse('stale_timestamp', 'The token has expired.');
  }
  if (typeof begins === 'number' && nowSeconds < begins - CLOCK_SKEW_SECONDS) {
    return refuse('future_timestamp', 'The token is not valid yet.');
  }
  if (typeof issued !== 'number') return null;
  if (nowSeconds < issued - CLOCK_SKEW_SECONDS) {
    return refuse('future_timestamp', 'The token was issued in the future.');
  }
  if (freshness === 'iat' && nowSeconds > issued + expected.maxAgeSeconds) {
    return refuse('stale_timestamp', 'The token was issued too long ago.');
  }
  return null;
}

function isNumericDate(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE;
}
