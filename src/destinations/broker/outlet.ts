/**
 * The messages to one destination of a link. What comes while batches are under way goes out
 * together in the next one, so that batches grow with the load and nobody waits for one to fill.
 */
import type { DestinationSpec } from '../../domain/destination.ts';
import {
  BROKER_DEADLINE_TICK_MS,
  MAX_BROKER_BATCH_BYTES,
  MAX_BROKER_BATCH_MESSAGES,
  MAX_BROKER_BATCHES_UNDER_WAY,
} from '../../domain/limits-destinations.ts';
import type { Clock } from '../../runtime/clock.ts';
import { BrokerFailure, type BrokerConnection, type PublishOutcome } from './adapter.ts';
import type { Link } from './link.ts';
import type { Sending } from './sending.ts';

interface Options<Spec extends DestinationSpec> {
  readonly link: Link<Spec>;
  readonly destination: Spec;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Nothing waits and nothing is under way. */
  readonly onIdle: () => void;
}

interface Batch<Spec extends DestinationSpec> {
  readonly connection: BrokerConnection<Spec>;
  readonly sendings: readonly Sending[];
  readonly sentAt: number;
}

export class Outlet<Spec extends DestinationSpec> {
  readonly #options: Options<Spec>;
  #waiting: Sending[] = [];
  readonly #batches = new Set<Batch<Spec>>();
  #isScheduled = false;
  #isOpening = false;
  #isTicking = false;

  constructor(options: Options<Spec>) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#batches.size === 0 && !this.#isOpening;
  }

  send(sending: Sending): void {
    this.#waiting.push(sending);
    if (!this.#isTicking) this.#tick();
    this.#schedule();
  }

  /** Behind what is being started right now, so that it goes out together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { link } = this.#options;
    const { connection } = link;
    while (this.#waiting.length > 0 && this.#batches.size < MAX_BROKER_BATCHES_UNDER_WAY) {
      if (connection === null) return this.#open();
      const sendings = this.#takeBatch();
      if (sendings.length > 0) this.#publish(connection, sendings);
    }
    if (this.isIdle) this.#options.onIdle();
  }

  #open(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    this.#options.link.open().then(
      () => {
        this.#isOpening = false;
        this.#pump();
      },
      (error: unknown) => {
        this.#isOpening = false;
        const failure = this.#failureOf(error);
        for (const sending of this.#waiting.splice(0)) {
          sending.fail(failure.reason, failure.message);
        }
        this.#pump();
      },
    );
  }

  #takeBatch(): Sending[] {
    const batch: Sending[] = [];
    let bytes = 0;
    let taken = 0;
    for (const sending of this.#waiting) {
      bytes += sending.message.body.length;
      const isFull = batch.length >= MAX_BROKER_BATCH_MESSAGES || bytes > MAX_BROKER_BATCH_BYTES;
      if (isFull && batch.length > 0) break;
      taken += 1;
      if (!sending.hasEnded) batch.push(sending);
    }
    this.#waiting.splice(0, taken);
    return batch;
  }

  #publish(connection: BrokerConnection<Spec>, sendings: readonly Sending[]): void {
    const { clock, destination } = this.#options;
    const sentAt = clock.monotonic();
    const batch: Batch<Spec> = { connection, sendings, sentAt };
    this.#batches.add(batch);
    const messages = sendings.map(({ message }) => message);
    connection.publish(destination, messages).then(
      (outcomes) => this.#published(batch, outcomes),
      (error: unknown) => this.#lost(batch, error),
    );
  }

  #published(batch: Batch<Spec>, outcomes: readonly PublishOutcome[]): void {
    const { link, clock } = this.#options;
    link.progressAt = clock.monotonic();
    this.#batches.delete(batch);
    // First the next batch, then what follows from this one.
    this.#pump();
    for (const [index, sending] of batch.sendings.entries()) {
      sending.settle(outcomes[index] ?? UNTOLD);
    }
  }

  #lost(batch: Batch<Spec>, error: unknown): void {
    const failure = this.#failureOf(error);
    this.#batches.delete(batch);
    this.#options.link.giveUp(batch.connection);
    for (const sending of batch.sendings) sending.fail(failure.reason, failure.message);
    this.#pump();
  }

  #failureOf(error: unknown): BrokerFailure {
    if (error instanceof BrokerFailure) return error;
    this.#options.onError(error);
    return new BrokerFailure(
      'reset',
      'the broker could not be used; the log of the server says why',
    );
  }

  #tick(): void {
    this.#isTicking = true;
    this.#options.clock.setTimer(BROKER_DEADLINE_TICK_MS, () => {
      this.#endLate(this.#options.clock.monotonic());
      if (this.isIdle) this.#isTicking = false;
      else this.#tick();
    });
  }

  #endLate(now: number): void {
    const late = this.#waiting.filter((sending) => sending.hasEnded || sending.deadline <= now);
    if (late.length > 0) {
      this.#waiting = this.#waiting.filter((sending) => !late.includes(sending));
      for (const sending of late) this.#failUnsent(sending);
    }
    for (const batch of this.#batches) this.#endLateBatch(batch, now);
    if (this.isIdle) this.#options.onIdle();
  }

  /** Why there is no connection says more than that the time is over. */
  #failUnsent(sending: Sending): void {
    const { lastFailure } = this.#options.link;
    if (lastFailure !== null) return sending.fail(lastFailure.reason, lastFailure.message);
    sending.fail('timeout', `it could not be sent to the broker within ${sending.timeoutMs} ms`);
  }

  #endLateBatch(batch: Batch<Spec>, now: number): void {
    let isOver = true;
    let anyLate = false;
    for (const sending of batch.sendings) {
      if (!sending.hasEnded && sending.deadline <= now) {
        sending.fail('timeout', `the broker did not confirm within ${sending.timeoutMs} ms`);
        anyLate = true;
      }
      isOver &&= sending.hasEnded;
    }
    const { link, destination } = this.#options;
    // Nothing was confirmed to anybody since: it is the connection that is stuck.
    if (anyLate && link.progressAt <= batch.sentAt) link.giveUp(batch.connection);
    else if (isOver) batch.connection.abandon?.(destination);
    if (!isOver) return;
    this.#batches.delete(batch);
    this.#schedule();
  }
}

const UNTOLD: PublishOutcome = {
  taken: false,
  reason: 'reset',
  detail: 'the broker did not say what became of it',
};
