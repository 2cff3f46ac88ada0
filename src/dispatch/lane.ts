/**
 * One tenant's target: its queues, its window, its rate and its breaker. A lane only answers
 * whether it may start its next delivery; the scheduler starts it.
 */
import {
  admit,
  createBreaker,
  recordFailure,
  recordSuccess,
  releaseProbe,
  type Breaker,
} from '../domain/breaker.ts';
import {
  createLaneWindow,
  onCongestion,
  onSuccess,
  restart,
  setCap,
  type LaneWindow,
} from '../domain/lane-window.ts';
import { targetOf } from '../domain/destination.ts';
import { createLowShare, lowRoom, waitForLow } from '../domain/low-share.ts';
import { createRateLimit, take, type RateLimit } from '../domain/rate-limit.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Timer } from '../runtime/clock.ts';
import type { LaneStatus } from './delivery-control.ts';
import { Queue } from './queue.ts';
import type { Work } from './work.ts';

/** Replayed deliveries a lane starts at least, each second, while its live ones find room. */
const LOW_STARTS_PER_SECOND = 20;

/** Of what `rate_limit` allows at once, replays leave half to the live delivery that comes next. */
const LOW_SHARE_OF_RATE = 0.5;

/** How an attempt bears on its lane. */
export interface LaneSignal {
  readonly startedAt: number;
  readonly now: number;
  readonly delivered: boolean;
  /** The receiver can't keep up: shrink the window. */
  readonly throttles: boolean;
  /** Held against the target by the breaker. */
  readonly countsAsFailure: boolean;
  /** The window was full when it ended, so that it has a say in the window's growth. */
  readonly windowWasFull: boolean;
  /** In [0, 1), for the breaker's cool-down. */
  readonly random: number;
}

export class Lane {
  readonly key: string;
  readonly tenant: number;
  /** What the lane leads to, for people. */
  readonly target: string;
  readonly queue = new Queue<Work>();
  /** Replayed deliveries; they wait behind the live ones, see `domain/low-share.ts`. */
  readonly replays = new Queue<Work>();
  readonly low = createLowShare(1_000 / LOW_STARTS_PER_SECOND);
  readonly running = new Set<Work>();
  /** Numbers of the subscriptions that use it. */
  readonly users = new Set<number>();
  /** The one subscription it is for, or null when several may share it. */
  readonly #owner: number | null;
  #maxInFlight: number;
  readonly #window: LaneWindow;
  readonly #breaker: Breaker = createBreaker();
  #rate: RateLimit | null = null;
  #ratePerSecond: number | null = null;
  #usedAt = Number.NEGATIVE_INFINITY;

  // The scheduler's notes.
  deficit = 0;
  inRing = false;
  inLowRing = false;
  loading = false;
  wake: Timer | null = null;
  lowWake: Timer | null = null;

  constructor(key: string, subscription: Subscription) {
    this.key = key;
    this.tenant = subscription.tenant;
    this.target = targetOf(subscription.destination);
    this.#owner = subscription.rateLimit === null ? null : subscription.number;
    this.#maxInFlight = subscription.maxInFlight;
    this.#window = createLaneWindow(subscription.maxInFlight);
    this.follow(subscription);
  }

  /** True when the deliveries of this subscription, as it is now, go through this lane. */
  isFor(subscription: Subscription): boolean {
    const { number, rateLimit, maxInFlight, destination } = subscription;
    if (this.target !== targetOf(destination)) return false;
    if (rateLimit !== null) return this.#owner === number;
    return this.#owner === null && this.#maxInFlight === maxInFlight;
  }

  /** Takes over the limits of a subscription that it is for. */
  follow(subscription: Subscription): void {
    this.#maxInFlight = subscription.maxInFlight;
    setCap(this.#window, subscription.maxInFlight);
    if (this.#ratePerSecond === subscription.rateLimit) return;
    this.#ratePerSecond = subscription.rateLimit;
    const former = this.#rate;
    this.#rate = subscription.rateLimit === null ? null : createRateLimit(subscription.rateLimit);
    // What went out a moment ago still counts.
    if (this.#rate !== null && former !== null) this.#rate.fullAt = former.fullAt;
  }

  get isIdle(): boolean {
    return this.queued === 0 && this.running.size === 0;
  }

  /** Deliveries in memory that have not started, live and replayed. */
  get queued(): number {
    return this.queue.length + this.replays.length;
  }

  /** Where a work waits. */
  queueOf(work: Work): Queue<Work> {
    return work.replay === null ? this.queue : this.replays;
  }

  /** When an attempt last ended, on the monotonic clock. */
  get usedAt(): number {
    return this.#usedAt;
  }

  get windowIsFull(): boolean {
    return this.running.size >= this.#window.size;
  }

  /** True when the attempt of this work ends where its kind could not have had more in flight. */
  wasFullFor(work: Work): boolean {
    if (this.windowIsFull || work.replay === null) return this.windowIsFull;
    return this.low.inFlight >= lowRoom(this.#window.size, false);
  }

  /**
   * Asks to start one attempt. 0: go ahead, the attempt is taken into account. A finite number:
   * milliseconds to wait. Infinity: the end of a running attempt is what to wait for.
   */
  admit(now: number): number {
    if (this.windowIsFull) return Number.POSITIVE_INFINITY;
    if (this.#breaker.phase === 'closed') return this.#rate === null ? 0 : take(this.#rate, now);
    return admit(this.#breaker, now);
  }

  /** The same for a replayed delivery. */
  admitLow(now: number): number {
    const liveWaits = this.queue.length > 0;
    const waitMs = waitForLow(this.low, this.#window.size, liveWaits, now);
    if (waitMs > 0) return waitMs;
    if (this.#rate === null || this.#breaker.phase !== 'closed') return this.admit(now);
    if (this.windowIsFull) return Number.POSITIVE_INFINITY;
    return take(this.#rate, now, 1, liveWaits ? 1 : LOW_SHARE_OF_RATE);
  }

  /** @returns the breaker's new phase when this signal changed it. */
  observe(signal: LaneSignal): 'open' | 'closed' | undefined {
    this.#usedAt = signal.now;
    if (signal.delivered) onSuccess(this.#window, signal.windowWasFull);
    if (signal.throttles) onCongestion(this.#window, signal.startedAt, signal.now);
    if (signal.countsAsFailure) {
      const opened = recordFailure(this.#breaker, signal.startedAt, signal.now, signal.random);
      return opened ? 'open' : undefined;
    }
    if (!recordSuccess(this.#breaker, signal.startedAt, signal.now)) return undefined;
    restart(this.#window, signal.now);
    return 'closed';
  }

  /** The attempt was broken off from our side and says nothing about the target. */
  released(now: number): void {
    releaseProbe(this.#breaker, now);
  }

  /** @param toWallClock what to add to a monotonic instant. */
  status(toWallClock: number): LaneStatus {
    const open = this.#breaker.phase === 'open';
    return {
      queued: this.queued,
      inFlight: this.running.size,
      window: this.#window.size,
      breaker: this.#breaker.phase,
      probeAt: open ? Math.round(this.#breaker.probeAt + toWallClock) : null,
    };
  }

  get probeAt(): number {
    return this.#breaker.probeAt;
  }

  /** True while it remembers something about its target that a new lane would not know. */
  get hasMemory(): boolean {
    return this.#breaker.phase !== 'closed' || !this.#window.slowStart;
  }
}

/**
 * One lane for each tenant and target. Subscriptions to one URL share it when it can keep what each
 * of them asks for: those with a rate limit have a lane of their own, so that each is spaced by its
 * own limit and holds up nobody else, and others share it with those of the same `max_in_flight`.
 */
export function laneKey(subscription: Subscription): string {
  const { tenant, number, rateLimit, maxInFlight, destination } = subscription;
  const limits = rateLimit === null ? `in flight ${maxInFlight}` : `subscription ${number}`;
  return `${tenant} ${limits} ${targetOf(destination)}`;
}
