/** One attempt from plan to settle. The only place where a delivery meets the network. */
import { countsAgainstBreaker, endedBeforeSending } from '../domain/breaker.ts';
import type { AttemptResult } from '../domain/attempt-result.ts';
import { classify, type Verdict } from '../domain/outcome.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Destinations, RunningAttempt } from '../destinations/destination.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { EventContent } from '../storage/journal.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import type { EndpointWatch } from './endpoint-watch.ts';
import type { Lane } from './lane.ts';
import { settle, type Settlement } from './verdict.ts';
import { publicEventId, type Work } from './work.ts';

interface Options {
  readonly destinations: Destinations;
  readonly writer: JournalWriter;
  readonly directory: SubscriptionDirectory;
  readonly watch: EndpointWatch;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** The receiver asked for no more events. */
  readonly gone: (subscription: Subscription, detail: string) => void;
  /** The attempt is over and settled; the lane may go on. */
  readonly ended: (lane: Lane, work: Work) => void;
  readonly onError: (error: unknown) => void;
}

const UNSENT: RunningAttempt = { abort: () => undefined };

const NOT_PREPARED: AttemptResult = {
  kind: 'failure',
  reason: 'connect',
  detail: 'the request could not be prepared; the log of the server says why',
  durationMs: 0,
};

/** An attempt in flight. */
interface Flight {
  readonly lane: Lane;
  readonly work: Work;
  readonly content: EventContent;
  readonly subscription: Subscription;
  readonly startedAt: number;
  readonly startedMonotonic: number;
}

export class AttemptRunner {
  readonly #options: Options;
  readonly #running = new Map<Work, RunningAttempt>();
  #aborting = false;
  #idle: (() => void) | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  /** All that is in flight. */
  works(): Iterable<Work> {
    return this.#running.keys();
  }

  /** The attempt of a delivery that is in flight. */
  find(sequence: number, subscription: number): Work | undefined {
    for (const work of this.#running.keys()) {
      if (work.sequence === sequence && work.subscription === subscription) return work;
    }
    return undefined;
  }

  of(subscription: number): Work[] {
    return [...this.#running.keys()].filter((work) => work.subscription === subscription);
  }

  /** True while an attempt of this tenant is in flight. */
  isSendingFor(tenant: number): boolean {
    for (const work of this.#running.keys()) if (work.tenant === tenant) return true;
    return false;
  }

  start(lane: Lane, work: Work, content: EventContent, subscription: Subscription): void {
    const { destinations, clock } = this.#options;
    const startedAt = clock.now();
    const startedMonotonic = clock.monotonic();
    const flight = { lane, work, content, subscription, startedAt, startedMonotonic };
    lane.running.add(work);
    const job = {
      subscription,
      eventId: publicEventId(content),
      eventType: content.eventType,
      orderingKey: content.orderingKey,
      sequence: content.sequence,
      createdAt: content.createdAt,
      body: content.body,
      attemptNumber: work.attempts + 1,
      startedAt,
    };
    const done = (result: AttemptResult) => this.#finish(flight, result);
    try {
      const { kind } = subscription.destination;
      const destination = destinations[kind];
      if (destination === undefined) return this.#refuse(work, kind, done);
      this.#running.set(work, destination.attempt(job, done));
    } catch (error) {
      // One subscription that can't be prepared must not stop the lanes of all others.
      this.#running.set(work, UNSENT);
      this.#options.onError(error);
      queueMicrotask(() => done(NOT_PREPARED));
    }
  }

  #refuse(work: Work, kind: string, done: (result: AttemptResult) => void): void {
    this.#running.set(work, UNSENT);
    const detail = `this server has no destination of the kind "${kind}"`;
    queueMicrotask(() => done({ kind: 'failure', reason: 'connect', detail, durationMs: 0 }));
  }

  /** Breaks off what is in flight. It is not settled, so the next start makes it pending again. */
  async abortAll(): Promise<void> {
    this.#aborting = true;
    for (const running of this.#running.values()) running.abort();
    await this.idle();
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  #finish(flight: Flight, result: AttemptResult): void {
    const { lane, work } = flight;
    const windowWasFull = lane.wasFullFor(work);
    lane.running.delete(work);
    this.#running.delete(work);
    if (this.#aborting) lane.released(this.#options.clock.monotonic());
    else this.#settle(flight, result, windowWasFull);
    this.#options.ended(lane, work);
    if (this.#running.size === 0) this.#idle?.();
  }

  #settle(flight: Flight, result: AttemptResult, windowWasFull: boolean): void {
    const { writer, clock, random, directory } = this.#options;
    const { work, content, subscription, startedAt } = flight;
    const verdict = classify(result);
    const now = clock.now();
    this.#tellLane(flight, result, verdict, windowWasFull);
    const current = directory.byNumber(subscription.number);
    const settlement = settle({
      work,
      subscription: current,
      retry: content.retry,
      startedAt,
      now,
      random: random.unit(),
      result,
      verdict,
    });
    writer.settle(settlement.attempt, settlement.delivery, work.stored ? null : work.sequence);
    this.#tell(flight, settlement, now);
    if (current === undefined) return;
    this.#watch(current, verdict, now);
  }

  #watch(subscription: Subscription, verdict: Verdict, now: number): void {
    const { watch, gone } = this.#options;
    if (verdict.kind === 'delivered') watch.succeeded(subscription);
    // Who sorts events out is well.
    else if (verdict.kind !== 'abort') watch.failed(subscription, now);
    const disables = verdict.kind === 'delivered' ? verdict.disables : disableDetail(verdict);
    if (disables !== undefined) gone(subscription, disables);
  }

  #tellLane(
    { lane, startedMonotonic }: Flight,
    result: AttemptResult,
    verdict: Verdict,
    windowWasFull: boolean,
  ): void {
    const { clock, random, telemetry } = this.#options;
    const now = clock.monotonic();
    if (endedBeforeSending(result)) return lane.released(now);
    const delivered = verdict.kind === 'delivered';
    const phase = lane.observe({
      startedAt: startedMonotonic,
      now,
      delivered,
      throttles: 'throttles' in verdict && verdict.throttles,
      countsAsFailure: !delivered && countsAgainstBreaker(result),
      windowWasFull,
      random: random.unit(),
    });
    if (phase === undefined) return;
    const at = clock.now();
    telemetry.emit({
      event: 'breaker.changed',
      at,
      tenant: lane.tenant,
      target: lane.target,
      phase,
      probeAt: phase === 'open' ? Math.round(at + lane.probeAt - now) : null,
    });
  }

  #tell({ content, subscription }: Flight, settlement: Settlement, now: number): void {
    const status = settlement.delivery?.status ?? 'delivered';
    this.#options.telemetry.emit({
      event: 'attempt.ended',
      at: now,
      subscription,
      eventId: publicEventId(content),
      eventType: content.eventType,
      attempt: settlement.attempt,
      status,
      ageMs: now - content.createdAt,
    });
  }
}

function disableDetail(verdict: Verdict): string | undefined {
  return verdict.kind === 'disable' ? verdict.detail : undefined;
}
