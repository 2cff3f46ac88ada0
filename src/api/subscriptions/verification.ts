/** Asks targets whether they want events, and lets go what was held until they said yes. */
import {
  answeredChallenge,
  isProven,
  OPEN_CHALLENGE,
  type Challenge,
} from '../../domain/challenge.ts';
import { targetOf } from '../../domain/destination.ts';
import type { Subscription, SubscriptionSettings } from '../../domain/subscription.ts';
import type { SubscriptionChange } from '../../storage/subscription-registry.ts';
import { isoTimeOrNull } from '../common-schema.ts';
import type { ApiDependencies } from '../deps.ts';
import { invalid } from '../problems.ts';

type Sources = Pick<ApiDependencies, 'registry' | 'deliveries' | 'challenge' | 'clock' | 'onError'>;

export class Verification {
  readonly #sources: Sources;
  readonly #running = new Map<number, Promise<Subscription | undefined>>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /**
   * Asks the target when that is still to be done. Who asks at the same time shares the answer.
   * @returns the subscription as it is then, or undefined when it is deleted.
   */
  run(number: number): Promise<Subscription | undefined> {
    const known = this.#running.get(number);
    if (known !== undefined) return known;
    const running = this.#ask(number).finally(() => this.#running.delete(number));
    this.#running.set(number, running);
    return running;
  }

  /**
   * What follows from what was stored already: an open challenge is asked, one that is no more lets
   * go. When that can't be stored, the caller still gets what was.
   */
  async after(stored: Subscription, former?: Subscription): Promise<Subscription> {
    try {
      if (!isProven(stored)) return (await this.run(stored.number)) ?? stored;
      return former?.status === 'pending_challenge' ? await this.released(stored) : stored;
    } catch (error) {
      this.#sources.onError(error, 'challenge of a target');
      return stored;
    }
  }

  /** Puts on their way what was held while nobody had said yes. */
  async released(changed: Subscription): Promise<Subscription> {
    await this.#sources.deliveries.release(changed.number);
    return changed;
  }

  async #ask(number: number): Promise<Subscription | undefined> {
    const { registry, challenge, clock } = this.#sources;
    const asked = registry.byNumber(number);
    if (asked === undefined || isProven(asked)) return asked;
    const outcome = await challenge(asked);
    const answer = answeredChallenge(outcome, clock.now());
    const changed = await registry.change(number, (current) => answeredBy(current, asked, answer));
    return changed !== undefined && isProven(changed) ? this.released(changed) : changed;
  }
}

/** An answer counts for the target that gave it: by now there may be another. */
function answeredBy(
  current: Subscription,
  asked: Subscription,
  challenge: Challenge,
): SubscriptionChange {
  if (isProven(current) || targetOf(current.destination) !== targetOf(asked.destination)) return {};
  const settings = { ...current, challenge };
  const isOver = isProven(settings) && current.status === 'pending_challenge';
  return { settings, ...(isOver && { status: 'active' }) };
}

export interface ChallengeWish {
  /** What the caller said. */
  readonly wanted: boolean | undefined;
  /** What holds for the tenant. */
  readonly isRequired: boolean;
}

/** @throws Problem `validation_failed` for who would go without where it is required. */
export function firstChallenge({ wanted, isRequired }: ChallengeWish): Challenge | null {
  if (wanted === false && isRequired) throw required();
  return wanted === true || isRequired ? OPEN_CHALLENGE : null;
}

/**
 * A change with what follows from it for the challenge: a new target is asked anew.
 *
 * @throws Problem `validation_failed` for who would go without where it is required.
 */
export function withChallenge(
  current: Subscription,
  settings: SubscriptionSettings,
  { wanted, isRequired }: ChallengeWish,
): SubscriptionChange {
  if (wanted === false && isRequired) throw required();
  const isMoved = targetOf(current.destination) !== targetOf(settings.destination);
  const challenge = nextChallenge(current.challenge, { isMoved, wanted, isRequired });
  const next = { ...settings, challenge };
  if (isProven(next) && current.status === 'pending_challenge') {
    return { settings: next, status: 'active' };
  }
  if (!isProven(next) && current.status === 'active') {
    return { settings: next, status: 'pending_challenge' };
  }
  return { settings: next };
}

function nextChallenge(
  challenge: Challenge | null,
  { isMoved, wanted, isRequired }: ChallengeWish & { readonly isMoved: boolean },
): Challenge | null {
  if (wanted === false) return null;
  if (challenge !== null) return isMoved ? OPEN_CHALLENGE : challenge;
  // Who was there before it was required stays as it is until its target changes.
  return wanted === true || (isRequired && isMoved) ? OPEN_CHALLENGE : null;
}

function required(): Error {
  const detail = 'can not be false: this tenant has every target asked';
  return invalid({ pointer: '/challenge', code: 'challenge_required', detail });
}

/** What may be read of it. */
export function challengeJson(challenge: Challenge | null) {
  if (challenge === null) return null;
  const { method, passedAt, triedAt, failure } = challenge;
  return {
    method,
    passed_at: isoTimeOrNull(passedAt),
    tried_at: isoTimeOrNull(triedAt),
    failure,
  };
}
