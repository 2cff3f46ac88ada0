/**
 * Sends a request with what its target asks for beyond the request itself. A subscription that asks
 * for nothing goes straight to the client.
 */
import { createHash } from 'node:crypto';
import type { HttpResult } from '../../domain/attempt-result.ts';
import type { ClientCertificate } from '../../domain/client-certificate.ts';
import type { Subscription } from '../../domain/subscription.ts';
import type { OAuth2Auth } from '../../domain/target-auth.ts';
import type { ClientIdentity, Egress, EgressRequest } from '../../egress/port.ts';
import type { RunningAttempt } from '../destination.ts';
import { AccessTokens, type TokenOutcome } from './access-tokens.ts';

/** A token younger than this that the target refuses is wrong, not old: it is not replaced. */
const MIN_TOKEN_AGE_MS = 5_000;

/** `done` runs exactly once and never before the call returns. */
export type TargetSender = (
  subscription: Subscription,
  /** With its `timeoutMs`, which covers fetching a token, too. */
  request: EgressRequest,
  /** Wall clock, milliseconds. */
  startedAt: number,
  done: (result: HttpResult) => void,
) => RunningAttempt;

export function createTargetSender(egress: Pick<Egress, 'send'>): TargetSender {
  const tokens = new AccessTokens(egress);
  const identityOf = identities();
  return ({ auth, clientCertificate }, plain, startedAt, done) => {
    const request =
      clientCertificate === null ? plain : { ...plain, identity: identityOf(clientCertificate) };
    return auth?.kind === 'oauth2'
      ? new TokenSend({ egress, tokens, auth, request, startedAt, done })
      : egress.send(request, done);
  };
}

/** Made once for each certificate: a change of the subscription leaves it the same object. */
function identities(): (certificate: ClientCertificate) => ClientIdentity {
  const known = new WeakMap<ClientCertificate, ClientIdentity>();
  return (certificate) => {
    let identity = known.get(certificate);
    if (identity === undefined) {
      const { certificate: chain, privateKey, ca } = certificate;
      const text = JSON.stringify([chain, privateKey, ca]);
      const id = createHash('sha256').update(text).digest('hex');
      identity = { id, certificate: chain, privateKey, ca };
      known.set(certificate, identity);
    }
    return identity;
  };
}

interface Parts {
  readonly egress: Pick<Egress, 'send'>;
  readonly tokens: AccessTokens;
  readonly auth: OAuth2Auth;
  readonly request: EgressRequest;
  readonly startedAt: number;
  readonly done: (result: HttpResult) => void;
}

/** One attempt: token, request, and once more with a new token when an old one was refused. */
class TokenSend implements RunningAttempt {
  readonly #parts: Parts;
  #running: RunningAttempt | null = null;
  #spentMs = 0;
  #ended = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#authorize(null);
  }

  abort(): void {
    if (this.#running !== null) this.#running.abort();
    else this.#fail('reset', 'aborted by shutdown');
  }

  #authorize(refused: string | null): void {
    const { tokens, auth, request, startedAt } = this.#parts;
    this.#running = null;
    const wish = {
      auth,
      refused,
      now: startedAt + this.#spentMs,
      timeoutMs: this.#remainingMs(),
      poolScope: request.poolScope ?? '',
    };
    tokens.acquire(wish, (outcome, waitedMs) => {
      this.#spentMs += waitedMs;
      if (this.#ended) return;
      if (!outcome.ok) this.#fail('auth_failed', outcome.detail);
      else if (this.#remainingMs() < 1)
        this.#fail('timeout', 'no time was left after the token came');
      else this.#send(outcome, refused === null);
    });
  }

  #send(outcome: Extract<TokenOutcome, { ok: true }>, mayRenew: boolean): void {
    const { egress, request, startedAt } = this.#parts;
    const { token, fetchedAt } = outcome;
    const isOld = startedAt + this.#spentMs - fetchedAt >= MIN_TOKEN_AGE_MS;
    const headers = [...flat(request.headers), 'authorization', `Bearer ${token}`];
    const timeoutMs = this.#remainingMs();
    this.#running = egress.send({ ...request, headers, timeoutMs }, (result) => {
      const wasRefused = result.kind === 'response' && result.status === 401;
      const durationMs = this.#spentMs + result.durationMs;
      this.#spentMs = durationMs;
      if (wasRefused && mayRenew && isOld && this.#remainingMs() >= 1) this.#authorize(token);
      else this.#end({ ...result, durationMs });
    });
  }

  #remainingMs(): number {
    return this.#parts.request.timeoutMs - this.#spentMs;
  }

  /** Later, because it may be known before the call has returned. */
  #fail(reason: 'auth_failed' | 'timeout' | 'reset', detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const result = { kind: 'failure', reason, detail, durationMs: this.#spentMs } as const;
    queueMicrotask(() => this.#parts.done(result));
  }

  #end(result: HttpResult): void {
    this.#ended = true;
    this.#parts.done(result);
  }
}

function flat(headers: EgressRequest['headers']): readonly string[] {
  return Array.isArray(headers) ? headers : Object.entries(headers).flat();
}
