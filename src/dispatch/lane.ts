/**
 * One tenant's target: its queue, its window, its rate and its breaker. A lane only answers
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
import { createRateLimit, take, type RateLimit } from '../domain/rate-limit.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Timer } from '../runtime/clock.ts';
import type { LaneStatus } from './delivery-control.ts';
import { Queue } from './queue.ts';
import type { Work } from './work.ts';

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
  readonly running = new Set<Work>();
  /** Numbers of the subscriptions that use it. */
  readonly users = new Set<number>();
  readonly #window: LaneWindow;
  readonly #breaker: Breaker = createBreaker();
  #rate: RateLimit | null = null;
  #ratePerSecond: number | null = null;
  #usedAt = Number.NEGATIVE_INFINITY;

  // The scheduler's notes.
  deficit = 0;
  inRing = false;
  loading = false;
  wake: Timer | null = null;

  constructor(key: string, subscription: Subscription) {
    this.key = key;
    this.tenant = subscription.tenant;
    this.target = subscription.destination.url;
    this.#window = createLaneWindow(subscription.maxInFlight);
    this.follow(subscription);
  }

  /** Takes over the limits of the subscription that uses it; the last one to change wins. */
  follow(subscription: Subscription): void {
    setCap(this.#window, subscription.maxInFlight);
    if (this.#ratePerSecond === subscription.rateLimit) return;
    this.#ratePerSecond = subscription.rateLimit;
    this.#rate = subscription.rateLimit === null ? null : createRateLimit(subscription.rateLimit);
  }

  get isIdle(): boolean {
    return this.queue.length === 0 && this.running.size === 0;
  }

  /** When an attempt last ended, on the monotonic clock. */
  get usedAt(): number {
    return this.#usedAt;
  }

  get windowIsFull(): boolean {
    return this.running.size >= this.#window.size;
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
      queued: this.queue.length,
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

/** One lane for each tenant and target: two subscriptions to one URL share it. */
export function laneKey(subscription: Subscription): string {
  return `${subscription.tenant} ${subscription.destination.url}`;
}
