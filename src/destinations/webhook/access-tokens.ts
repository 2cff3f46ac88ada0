/**
 * OAuth 2.0 access tokens by client credentials (RFC 6749 §4.4): fetched through the guarded
 * client, kept in memory until shortly before their end, one request at a time for each
 * subscription.
 */
import type { HttpResult, ResponseResult } from '../../domain/attempt-result.ts';
import { statusPhrase } from '../../domain/status-phrase.ts';
import { basicAuthorization, type OAuth2Auth } from '../../domain/target-auth.ts';
import type { Egress, EgressRequest } from '../../egress/port.ts';

/** The longest a token request may take; less when the attempt has less. */
const TOKEN_TIMEOUT_MS = 10_000;
/** How long a token without `expires_in` is used. */
const DEFAULT_LIFETIME_MS = 300_000;
const MAX_LIFETIME_MS = 24 * 3_600_000;
/** A token is renewed this much before its end, or after nine tenths of a short life. */
const RENEWAL_MARGIN_MS = 30_000;
const RENEWAL_SHARE = 0.1;
/** After a refusal nobody asks again for so long: a wrong secret must not become a flood. */
const FAILURE_PAUSE_MS = 5_000;

export type TokenOutcome =
  | { readonly ok: true; readonly token: string; readonly fetchedAt: number }
  /** One sentence for a person. Never holds a secret or a part of the answer. */
  | { readonly ok: false; readonly detail: string };

/** @param waitedMs how long the caller had to wait for it. */
type TokenCallback = (outcome: TokenOutcome, waitedMs: number) => void;

export interface TokenWish {
  /** Tokens belong to this very object: changed credentials fetch anew. */
  readonly auth: OAuth2Auth;
  /** A token that the target has refused, or null. */
  readonly refused: string | null;
  /** Wall clock, milliseconds. */
  readonly now: number;
  readonly timeoutMs: number;
  readonly poolScope: string;
}

interface Waiter {
  readonly since: number;
  readonly done: TokenCallback;
}

interface TokenState {
  outcome: TokenOutcome | null;
  /** Until when `outcome` is good, milliseconds. */
  goodUntil: number;
  /** Who waits for the request under way; null when there is none. */
  waiting: Waiter[] | null;
}

export class AccessTokens {
  readonly #egress: Pick<Egress, 'send'>;
  readonly #states = new WeakMap<OAuth2Auth, TokenState>();

  constructor(egress: Pick<Egress, 'send'>) {
    this.#egress = egress;
  }

  /** `done` runs once: at once when the answer is known, else when the request has ended. */
  acquire(wish: TokenWish, done: TokenCallback): void {
    const { auth, now, refused } = wish;
    const state = this.#stateOf(auth);
    const { outcome } = state;
    const isRefused = outcome?.ok === true && outcome.token === refused;
    if (outcome !== null && now < state.goodUntil && !isRefused) {
      done(outcome, 0);
      return;
    }
    const waiter = { since: now, done };
    if (state.waiting === null) this.#fetch(state, wish, waiter);
    else state.waiting.push(waiter);
  }

  #stateOf(auth: OAuth2Auth): TokenState {
    const known = this.#states.get(auth);
    if (known !== undefined) return known;
    const state: TokenState = { outcome: null, goodUntil: 0, waiting: null };
    this.#states.set(auth, state);
    return state;
  }

  #fetch(state: TokenState, wish: TokenWish, first: Waiter): void {
    state.waiting = [first];
    this.#egress.send(tokenRequest(wish), (result) => {
      const endedAt = wish.now + result.durationMs;
      const { outcome, lifetimeMs } = readToken(result, endedAt);
      const marginMs = Math.min(RENEWAL_MARGIN_MS, lifetimeMs * RENEWAL_SHARE);
      state.outcome = outcome;
      state.goodUntil = endedAt + (outcome.ok ? lifetimeMs - marginMs : FAILURE_PAUSE_MS);
      const waiting = state.waiting ?? [];
      state.waiting = null;
      for (const { since, done } of waiting) done(outcome, Math.max(0, endedAt - since));
    });
  }
}

function tokenRequest({ auth, timeoutMs, poolScope }: TokenWish): EgressRequest {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (auth.scope !== null) form.set('scope', auth.scope);
  if (auth.audience !== null) form.set('audience', auth.audience);
  const headers = [
    'content-type',
    'application/x-www-form-urlencoded',
    'accept',
    'application/json',
  ];
  if (auth.clientAuth === 'basic') {
    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
    const [id, secret] = [auth.clientId, auth.clientSecret].map(formEncoded);
    headers.push('authorization', basicAuthorization(id ?? '', secret ?? ''));
  } else {
    form.set('client_id', auth.clientId);
    form.set('client_secret', auth.clientSecret);
  }
  return {
    url: new URL(auth.tokenUrl),
    method: 'POST',
    headers,
    body: Buffer.from(form.toString()),
    timeoutMs: Math.min(timeoutMs, TOKEN_TIMEOUT_MS),
    // Connections of their own: behind the deliveries to that host they might never get their turn.
    maxConnections: 2,
    poolScope: `${poolScope} token`,
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

interface ReadToken {
  readonly outcome: TokenOutcome;
  readonly lifetimeMs: number;
}

function readToken(result: HttpResult, fetchedAt: number): ReadToken {
  if (result.kind === 'failure') return noToken(`the token endpoint failed: ${result.detail}`);
  const members = jsonMembers(result);
  if (result.status < 200 || result.status > 299) {
    const code = OAUTH_ERRORS.get(String(members['error']));
    const suffix = code === undefined ? '' : ` (${code})`;
    return noToken(`the token endpoint answered ${statusPhrase(result.status)}${suffix}`);
  }
  const { access_token: token, token_type: type = 'bearer', expires_in: seconds } = members;
  if (typeof token !== 'string' || !USABLE_TOKEN.test(token)) {
    return noToken('the token endpoint answered without a usable access_token');
  }
  if (String(type).toLowerCase() !== 'bearer') {
    return noToken('the token endpoint answered with a token that is no bearer token');
  }
  const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1000 : DEFAULT_LIFETIME_MS;
  const outcome: TokenOutcome = { ok: true, token, fetchedAt };
  return { outcome, lifetimeMs: Math.min(lifetimeMs, MAX_LIFETIME_MS) };
}

function noToken(detail: string): ReadToken {
  return { outcome: { ok: false, detail }, lifetimeMs: 0 };
}

/** RFC 6750 §2.1, a little wider; nothing that would end a header. */
const USABLE_TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** RFC 6749 §5.2. Others are not repeated: an answer can hold what it was asked with. */
const OAUTH_ERRORS: ReadonlyMap<string, string> = new Map(
  [
    'invalid_request',
    'invalid_client',
    'invalid_grant',
    'unauthorized_client',
    'unsupported_grant_type',
    'invalid_scope',
  ].map((code) => [code, code]),
);

function jsonMembers({ body }: ResponseResult): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
