/**
 * Shares the node among the lanes by deficit round robin (Shreedhar & Varghese 1996): each lane in
 * turn may spend a quantum, so a lane with a million deliveries takes no more of the machine than
 * one with ten, and one that hangs takes no more than its window.
 *
 * Replayed deliveries have a ring of their own, one start a turn. How many of them may run beside
 * live traffic, on the node and in each lane, says `domain/low-share.ts`.
 */
import {
  countLiveStart,
  countLowEnd,
  countLowStart,
  createLowShare,
  waitForLow,
} from '../domain/low-share.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Lane } from './lane.ts';
import { Queue } from './queue.ts';
import type { Work } from './work.ts';

/** What a lane may spend in its turn; a small delivery costs 1. */
const QUANTUM = 16;
const BYTES_PER_COST = 4_096;

/** Attempts started before the event loop gets its turn. */
const MAX_STARTS_PER_TURN = 256;

/** Replayed deliveries the node starts at least, each second, while live ones find room. */
const LOW_STARTS_PER_SECOND = 200;

interface Options {
  readonly clock: Clock;
  readonly maxInFlight: number;
  /** Starts an attempt of the work at the head of a queue of the lane, already taken out of it. */
  readonly start: (lane: Lane, work: Work) => void;
  /** The head of a queue has no content yet: fetch some, then call `ready` again. */
  readonly load: (lane: Lane) => void;
  /** False while nothing may be attempted. Call `pump` when that ends. Absent: always true. */
  readonly mayStart?: (() => boolean) | undefined;
}

export class Scheduler {
  readonly #options: Options;
  /** Lanes with live deliveries, and lanes with replayed ones. */
  readonly #ring = new Queue<Lane>();
  readonly #lowRing = new Queue<Lane>();
  readonly #low = createLowShare(1_000 / LOW_STARTS_PER_SECOND);
  #lowTimer: Timer | null = null;
  #inFlight = 0;
  #pumping = false;
  #continues = false;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The lane may have something to start. Call `pump` afterwards. */
  ready(lane: Lane): void {
    if (!lane.inRing && lane.queue.length > 0) {
      lane.inRing = true;
      this.#ring.push(lane);
    }
    if (!lane.inLowRing && lane.replays.length > 0) {
      lane.inLowRing = true;
      this.#lowRing.push(lane);
    }
  }

  /** An attempt of this lane has ended. */
  ended(lane: Lane, work: Work): void {
    this.#inFlight -= 1;
    if (work.replay !== null) {
      countLowEnd(this.#low);
      countLowEnd(lane.low);
    }
    this.ready(lane);
    this.pump();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Starts whatever may start now. */
  pump(): void {
    if (this.#pumping || this.#stopped || this.#options.mayStart?.() === false) return;
    this.#pumping = true;
    let starts = MAX_STARTS_PER_TURN;
    while (starts > 0 && this.#inFlight < this.#options.maxInFlight) {
      if (this.#lowRing.length > 0 && this.#serveLow()) {
        starts -= 1;
        continue;
      }
      const lane = this.#ring.shift();
      if (lane === undefined) break;
      lane.inRing = false;
      starts -= this.#serve(lane, starts);
    }
    this.#pumping = false;
    if (starts <= 0) this.#continueLater();
  }

  /** @returns how many attempts were started. */
  #serve(lane: Lane, most: number): number {
    lane.deficit += QUANTUM;
    let started = 0;
    for (;;) {
      const work = lane.queue.peek();
      if (work === undefined) {
        lane.deficit = 0;
        return started;
      }
      if (work.content === null) {
        this.#options.load(lane);
        return started;
      }
      const cost = 1 + Math.floor(work.content.body.length / BYTES_PER_COST);
      if (cost > lane.deficit) {
        this.ready(lane);
        return started;
      }
      if (started >= most || this.#inFlight >= this.#options.maxInFlight) {
        // Cut short, not spent: the next turn gives it a quantum, not one on top of this one.
        lane.deficit = Math.max(0, lane.deficit - QUANTUM);
        this.ready(lane);
        return started;
      }
      const now = this.#options.clock.monotonic();
      const waitMs = lane.admit(now);
      if (waitMs > 0) {
        this.#wakeLater(lane, waitMs);
        return started;
      }
      lane.deficit -= cost;
      lane.queue.shift();
      this.#inFlight += 1;
      started += 1;
      countLiveStart(this.#low, now);
      countLiveStart(lane.low, now);
      this.#options.start(lane, work);
    }
  }

  /** @returns whether one replayed delivery was started. */
  #serveLow(): boolean {
    const { clock, maxInFlight } = this.#options;
    const now = clock.monotonic();
    const waitMs = waitForLow(this.#low, maxInFlight, this.#ring.length > 0, now);
    if (waitMs > 0) {
      this.#pumpLater(waitMs);
      return false;
    }
    for (let left = this.#lowRing.length; left > 0; left -= 1) {
      const lane = this.#lowRing.shift();
      if (lane === undefined) break;
      lane.inLowRing = false;
      if (this.#startLow(lane, now)) return true;
    }
    return false;
  }

  #startLow(lane: Lane, now: number): boolean {
    const work = lane.replays.peek();
    if (work === undefined) return false;
    if (work.content === null) {
      this.#options.load(lane);
      return false;
    }
    const waitMs = lane.admitLow(now);
    if (waitMs > 0) {
      this.#wakeLowLater(lane, waitMs);
      return false;
    }
    lane.replays.shift();
    this.#inFlight += 1;
    countLowStart(this.#low, now);
    countLowStart(lane.low, now);
    this.ready(lane);
    this.#options.start(lane, work);
    return true;
  }

  #wakeLater(lane: Lane, waitMs: number): void {
    lane.deficit = 0;
    if (lane.wake !== null || !Number.isFinite(waitMs)) return;
    lane.wake = this.#options.clock.setTimer(waitMs, () => {
      lane.wake = null;
      this.ready(lane);
      this.pump();
    });
  }

  #wakeLowLater(lane: Lane, waitMs: number): void {
    if (lane.lowWake !== null || !Number.isFinite(waitMs)) return;
    lane.lowWake = this.#options.clock.setTimer(waitMs, () => {
      lane.lowWake = null;
      this.ready(lane);
      this.pump();
    });
  }

  /** The node lets replays go on by itself; otherwise the end of an attempt does. */
  #pumpLater(waitMs: number): void {
    if (this.#lowTimer !== null || !Number.isFinite(waitMs)) return;
    this.#lowTimer = this.#options.clock.setTimer(waitMs, () => {
      this.#lowTimer = null;
      this.pump();
    });
  }

  #continueLater(): void {
    if (this.#continues) return;
    this.#continues = true;
    setImmediate(() => {
      this.#continues = false;
      this.pump();
    });
  }
}
