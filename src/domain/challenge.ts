/**
 * The question whether a target wants our events. As long as it is open the subscription is
 * `pending_challenge`: what matches it is held. It is asked again when the target changes.
 */
/** `echo`: a signed POST whose token comes back. `options`: the CloudEvents handshake. */
export type ChallengeMethod = 'echo' | 'options';

export interface Challenge {
  /** How it was asked last; null before the first time. */
  readonly method: ChallengeMethod | null;
  /** When the target said yes; null as long as it has not. Milliseconds. */
  readonly passedAt: number | null;
  /** When it was asked last, milliseconds. */
  readonly triedAt: number | null;
  /** Why it has not passed, one sentence. */
  readonly failure: string | null;
  /** The sender's name that the target allowed (`options`); each event carries it. */
  readonly origin: string | null;
}

/** What came of asking once. */
export type ChallengeOutcome =
  | { readonly ok: true; readonly method: ChallengeMethod; readonly origin: string | null }
  | { readonly ok: false; readonly method: ChallengeMethod; readonly failure: string };

export const OPEN_CHALLENGE: Challenge = {
  method: null,
  passedAt: null,
  triedAt: null,
  failure: null,
  origin: null,
};

/** @param now milliseconds. */
export function answeredChallenge(outcome: ChallengeOutcome, now: number): Challenge {
  const { ok, method } = outcome;
  return ok
    ? { method, passedAt: now, triedAt: now, failure: null, origin: outcome.origin }
    : { method, passedAt: null, triedAt: now, failure: outcome.failure, origin: null };
}

interface Challenged {
  readonly challenge: Challenge | null;
}

/** True when the target has said yes, or nobody asks it. */
export function isProven({ challenge }: Challenged): boolean {
  return challenge === null || challenge.passedAt !== null;
}

/** The status of a subscription that nobody paused and nothing disabled. */
export function openStatus(subscription: Challenged): 'active' | 'pending_challenge' {
  return isProven(subscription) ? 'active' : 'pending_challenge';
}
