/**
 * Shares the node among the lanes by deficit round robin (Shreedhar & Varghese 1996): each lane in
 * turn may spend a quantum, so a lane with a million deliveries takes no more of the machine than
 * one with ten, and one that hangs takes no more than its window.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Lane } from './lane.ts';
import { Queue } from './queue.ts';
import type { Work } from './work.ts';

/** What a lane may spend in its turn; a small delivery costs 1. */
const QUANTUM = 16;
const BYTES_PER_COST = 4_096;

/** Attempts started before the event loop gets its turn. */
const MAX_STARTS_PER_TURN = 256;

interface Options {
  readonly clock: Clock;
  readonly maxInFlight: number;
  /** Starts an attempt of the work at the head of the lane's queue, already taken out of it. */
  readonly start: (lane: Lane, work: Work) => void;
  /** The head of the queue has no content yet: fetch some, then call `ready` again. */
  readonly load: (lane: Lane) => void;
}

export class Scheduler {
  readonly #options: Options;
  readonly #ring = new Queue<Lane>();
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
    if (lane.inRing || lane.queue.length === 0) return;
    lane.inRing = true;
    this.#ring.push(lane);
  }

  /** An attempt of this lane has ended. */
  ended(lane: Lane): void {
    this.#inFlight -= 1;
    this.ready(lane);
    this.pump();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Starts whatever may start now. */
  pump(): void {
    if (this.#pumping || this.#stopped) return;
    this.#pumping = true;
    let starts = MAX_STARTS_PER_TURN;
    while (starts > 0 && this.#inFlight < this.#options.maxInFlight) {
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
      const waitMs = lane.admit(this.#options.clock.monotonic());
      if (waitMs > 0) {
        this.#wakeLater(lane, waitMs);
        return started;
      }
      lane.deficit -= cost;
      lane.queue.shift();
      this.#inFlight += 1;
      started += 1;
      this.#options.start(lane, work);
    }
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

  #continueLater(): void {
    if (this.#continues) return;
    this.#continues = true;
    setImmediate(() => {
      this.#continues = false;
      this.pump();
    });
  }
}
