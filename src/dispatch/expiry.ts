/** Ends subscriptions when their time has come: one timer, for the earliest of them. */
import type { Subscription } from '../domain/subscription.ts';
import { isExpired } from '../domain/subscription-expiry.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import { ExpiryQueue } from './expiry-queue.ts';

/** The wall clock may jump; it is looked at again at least this often. */
const LOOK_AGAIN_MS = 60_000;

interface Options {
  readonly directory: SubscriptionDirectory;
  readonly clock: Clock;
  readonly end: (subscription: Subscription) => void;
}

export class Expiry {
  readonly #options: Options;
  readonly #queue = new ExpiryQueue();
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** It is new, has changed, or was found at the start. Others than active ones hold anyway. */
  follow({ number, status, expiresAt }: Subscription): void {
    if (expiresAt === null || status !== 'active') return this.forget(number);
    this.#queue.set(number, expiresAt);
    this.#wake();
  }

  forget(number: number): void {
    if (this.#queue.size > 0) this.#queue.remove(number);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #wake(): void {
    const at = this.#queue.earliest();
    if (at === undefined || at >= this.#timerAt || this.#stopped) return;
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timerAt = at;
    const delayMs = Math.min(Math.max(at - clock.now(), 0), LOOK_AGAIN_MS);
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#endAll();
      this.#wake();
    });
  }

  #endAll(): void {
    const { directory, clock, end } = this.#options;
    const now = clock.now();
    for (;;) {
      const number = this.#queue.take(now);
      if (number === undefined) return;
      const subscription = directory.byNumber(number);
      if (subscription !== undefined && isExpired(subscription, now)) end(subscription);
    }
  }
}
