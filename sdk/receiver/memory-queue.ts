/**
 * Holds events in this process: bounded, and gone when the process ends. Use a queue with a disk
 * behind it where an acknowledged event must survive a crash of the receiver.
 */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Consumer, Queue, Run } from './queue.ts';

/** Waiting, running and to be retried, together. */
export const DEFAULT_MAX_EVENTS = 10_000;
export const DEFAULT_CONCURRENCY = 16;
/** One entry a retry. */
export const DEFAULT_RETRY_DELAYS_MS: readonly number[] = [1_000, 10_000, 60_000];

const COMPACT_EVERY = 1024;

export interface MemoryQueueOptions {
  readonly maxEvents?: number;
  /** Handlers running at once. */
  readonly concurrency?: number;
  readonly retryDelaysMs?: readonly number[];
  readonly clock?: Clock;
}

interface Job {
  readonly event: WebhookEvent;
  readonly run: Run;
  failures: number;
}

export function memoryQueue(options: MemoryQueueOptions = {}): Queue {
  return new MemoryQueue(options);
}

class MemoryQueue implements Queue {
  readonly #maxEvents: number;
  readonly #concurrency: number;
  readonly #retryDelaysMs: readonly number[];
  readonly #clock: Clock;
  #consumer: Consumer | undefined;
  /** Taken and not yet finished. */
  #held = 0;
  #running = 0;
  #ready: Job[] = [];
  /** Where `#ready` goes on. What lies before is cut off in steps: a shift costs all of it. */
  #next = 0;
  #fillScheduled = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: MemoryQueueOptions) {
    this.#maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
    this.#concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    this.#retryDelaysMs = options.retryDelaysMs ?? DEFAULT_RETRY_DELAYS_MS;
    this.#clock = options.clock ?? systemClock;
  }

  consume(consumer: Consumer): void {
    if (this.#consumer !== undefined) throw new Error('This queue already has its receiver');
    this.#consumer = consumer;
  }

  async push(event: WebhookEvent): Promise<void> {
    if (this.#consumer === undefined) throw new Error('This queue belongs to no receiver');
    if (this.#held >= this.#maxEvents) throw new Error(`The queue holds ${this.#held} events`);
    this.#held += 1;
    this.#ready.push({ event, run: this.#consumer.begin(event), failures: 0 });
    this.#fillSoon();
  }

  drain(): Promise<void> {
    if (this.#held === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }

  /** Not within `push`: the sender gets its answer before a handler gets the processor. */
  #fillSoon(): void {
    if (this.#fillScheduled) return;
    this.#fillScheduled = true;
    this.#clock.setTimer(0, () => {
      this.#fillScheduled = false;
      this.#fill();
    });
  }

  #fill(): void {
    while (this.#running < this.#concurrency) {
      const job = this.#takeReady();
      if (job === undefined) return;
      this.#running += 1;
      void this.#work(job);
    }
  }

  #takeReady(): Job | undefined {
    const job = this.#ready[this.#next];
    if (job !== undefined) this.#next += 1;
    if (this.#next === this.#ready.length || this.#next === COMPACT_EVERY) {
      this.#ready = this.#ready.slice(this.#next);
      this.#next = 0;
    }
    return job;
  }

  /** Never rejects: every outcome ends in `#finish` or a later try. */
  async #work(job: Job): Promise<void> {
    try {
      await job.run();
      this.#finish();
    } catch (error) {
      this.#afterFailure(job, error);
    }
    this.#running -= 1;
    this.#fill();
  }

  #afterFailure(job: Job, error: unknown): void {
    const delayMs = this.#retryDelaysMs[job.failures];
    job.failures += 1;
    if (delayMs === undefined) {
      this.#consumer?.giveUp(job.event, error);
      this.#finish();
      return;
    }
    this.#clock.setTimer(delayMs, () => {
      this.#ready.push(job);
      this.#fill();
    });
  }

  #finish(): void {
    this.#held -= 1;
    if (this.#held > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
