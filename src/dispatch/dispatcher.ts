/**
 * Sends what the journal holds. A fresh delivery starts from memory the moment its commit is
 * durable; the store is read for retries, long queues and restarts only.
 *
 *   committed ─► lane ─► plan ─► act ─► classify ─► settle ─► next commit
 */
import type { Destinations } from '../destinations/destination.ts';
import { MAX_IN_FLIGHT_PER_NODE } from '../domain/limits.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Service } from '../runtime/service.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { JournalListener, JournalWriter } from '../storage/journal-writer.ts';
import type {
  DeliveryRecord,
  DeliveryView,
  JournalBatch,
  JournalState,
  JournalStore,
  NewEvent,
  UnsettledDelivery,
} from '../storage/journal.ts';
import type {
  SubscriptionListener,
  SubscriptionRegistry,
} from '../storage/subscription-registry.ts';
import { AttemptRunner } from './attempt-runner.ts';
import { DeliveryChanges } from './delivery-changes.ts';
import type { DeliveryControl, LaneStatus } from './delivery-control.ts';
import { DueLoader } from './due-loader.ts';
import { EndpointWatch } from './endpoint-watch.ts';
import { HeldRelease } from './held-release.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { LowWaterMark } from './low-water-mark.ts';
import { recover } from './recovery.ts';
import { Scheduler } from './scheduler.ts';
import { asideRow, freshWork, storedWork, type Work } from './work.ts';

/** How often the low-water mark is stored; a restart looks at the events since then again. */
const MARK_INTERVAL_MS = 1_000;

/** A delivery that finds its lane full waits in the store for about this long. */
const LANE_FULL_WAIT_MS = 60_000;

/** A lane is remembered for this long without work. */
const LANE_IDLE_MS = 60_000;

const ROOM_POLL_MS = 50;

/** How long attempts in flight may take to finish when the server stops. */
const DRAIN_MS = 15_000;

const FAILING_TOO_LONG = 'all its attempts have failed for five days';
const DELETED = 'the subscription was deleted';
const LANE_FULL = 'too many deliveries already wait in memory for this target';

export interface DispatcherOptions {
  readonly journal: JournalStore;
  /** The journal's state before this process wrote anything. */
  readonly state: JournalState;
  readonly writer: JournalWriter;
  readonly registry: SubscriptionRegistry;
  readonly destinations: Destinations;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Bellwire itself disabled a subscription; told after its snapshot changed. */
  readonly onDisabled: (subscription: Subscription, reason: string) => void;
  /** Something went wrong that no caller waits for. */
  readonly onError: (error: unknown) => void;
}

export class Dispatcher implements Service, DeliveryControl, JournalListener, SubscriptionListener {
  readonly #options: DispatcherOptions;
  readonly #lanes: Lanes;
  readonly #scheduler: Scheduler;
  readonly #runner: AttemptRunner;
  readonly #watch: EndpointWatch;
  readonly #due: DueLoader;
  readonly #mark: LowWaterMark;
  readonly #changes: DeliveryChanges;
  readonly #held: HeldRelease;
  #markedAt = 0;
  #stopping: Promise<void> | null = null;
  #sweep: Timer | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { journal, clock, registry, writer, state, onError } = options;
    this.#mark = new LowWaterMark(state.lowWaterMark, state.lastSequence);
    this.#lanes = new Lanes({
      journal,
      clock,
      onError,
      ready: (lane) => this.#offer(lane),
      lost: (work) => this.#putAside(work, 'cancelled', 'the event is no longer stored'),
    });
    this.#scheduler = new Scheduler({
      clock,
      maxInFlight: MAX_IN_FLIGHT_PER_NODE,
      load: (lane) => this.#lanes.load(lane),
      start: (lane, work) => this.#start(lane, work),
    });
    this.#watch = new EndpointWatch({
      registry,
      onError,
      giveUp: (subscription) => this.#disable(subscription, FAILING_TOO_LONG),
    });
    this.#runner = new AttemptRunner({
      ...options,
      directory: registry,
      watch: this.#watch,
      gone: (subscription, detail) => this.#disable(subscription, detail),
      ended: (lane) => this.#scheduler.ended(lane),
    });
    this.#due = new DueLoader({
      journal,
      clock,
      onError,
      hasRoom: () => this.#lanes.hasRoom,
      commitRuns: () => !writer.isQuiet,
      load: (delivery) => this.#loadDue(delivery),
      loaded: () => this.#scheduler.pump(),
    });
    this.#changes = new DeliveryChanges({
      ...options,
      directory: registry,
      due: this.#due,
      lanes: this.#lanes,
      runner: this.#runner,
      place: (work) => this.#place(work),
    });
    this.#held = new HeldRelease({
      ...options,
      due: this.#due,
      stopped: () => this.#stopping !== null,
    });
  }

  async start(): Promise<void> {
    const { writer, registry, journal, clock, state, onError } = this.#options;
    writer.listen(this);
    registry.listen(this);
    this.#due.start();
    this.#forgetIdleLanes();
    recover({
      journal,
      clock,
      onError,
      after: state.lowWaterMark,
      upTo: state.lastSequence,
      room: () => this.#room(),
      found: (pending, scannedTo) => this.#recovered(pending, scannedTo),
      stopped: () => this.#stopping !== null,
    }).catch(onError);
    this.#held.releaseLeftovers().catch(onError);
  }

  /** Starts nothing more, lets attempts finish for a while, breaks off the rest unsettled. */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** A reason not to accept more, or undefined. */
  overload(): string | undefined {
    if (this.#stopping !== null) return 'the server is shutting down';
    if (this.#lanes.hasRoom) return undefined;
    return `${this.#lanes.queued} deliveries already wait in memory`;
  }

  failingSince(subscription: Subscription): number | null {
    return this.#watch.failingSince(subscription);
  }

  // What became durable

  committed(batch: JournalBatch, refused: ReadonlySet<number>, settled: readonly number[]): void {
    for (const event of batch.events) {
      if (!refused.has(event.sequence)) this.#accepted(event);
    }
    for (const sequence of settled) this.#mark.decided(sequence);
    this.#due.committed(batch, refused);
    this.#storeMark();
    this.#scheduler.pump();
  }

  #accepted(event: NewEvent): void {
    const { sequence, matched, parked } = event;
    this.#mark.accepted(sequence, matched.length - parked.length);
    const aside = parked.length === 0 ? null : new Set(parked.map((row) => row.subscription));
    for (const subscription of matched) {
      if (aside?.has(subscription) !== true)
        this.#placeFresh(freshWork(event, subscription, event));
    }
  }

  #storeMark(): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#markedAt < MARK_INTERVAL_MS) return;
    this.#markedAt = now;
    this.#options.writer.raiseLowWaterMark(this.#mark.value());
  }

  #recovered(pending: readonly UnsettledDelivery[], scannedTo: number): void {
    for (const delivery of pending) {
      this.#mark.foundPending(delivery.sequence);
      this.#placeFresh(freshWork(delivery, delivery.subscription, null));
    }
    this.#mark.recoveredUpTo(scannedTo);
    this.#scheduler.pump();
  }

  #loadDue(delivery: DeliveryRecord): void {
    const resent = this.#changes.wasResent(delivery);
    const trigger = resent ? 'resend' : delivery.attempts === 0 ? 'initial' : 'retry';
    const work = storedWork(delivery, trigger);
    if (!this.#changes.keepsBack(work, delivery)) this.#place(work);
  }

  // Into a lane, or aside with a reason

  #placeFresh(work: Work): void {
    if (!this.#changes.keepsBack(work, null)) this.#place(work);
  }

  #place(work: Work): void {
    const subscription = this.#options.registry.byNumber(work.subscription);
    if (subscription === undefined) return this.#putAside(work, 'cancelled', DELETED);
    if (subscription.status !== 'active') return this.#putAside(work, 'held', heldBy(subscription));
    const lane = this.#lanes.of(subscription);
    if (this.#lanes.enqueue(lane, work)) this.#scheduler.ready(lane);
    else this.#putAside(work, 'waiting', LANE_FULL);
  }

  #putAside(work: Work, status: 'held' | 'cancelled' | 'waiting', reason: string): void {
    const { clock, random, writer } = this.#options;
    const now = clock.now();
    const waitMs = LANE_FULL_WAIT_MS * (0.5 + random.unit());
    const nextAttemptAt = status === 'waiting' ? Math.round(now + waitMs) : null;
    const row = asideRow(work, { status, nextAttemptAt, reason, updatedAt: now });
    writer.settle(null, row, work.stored ? null : work.sequence);
  }

  #offer(lane: Lane): void {
    this.#scheduler.ready(lane);
    this.#scheduler.pump();
  }

  #start(lane: Lane, work: Work): void {
    this.#lanes.left(work);
    const subscription = this.#options.registry.byNumber(work.subscription);
    if (subscription?.status === 'active' && work.content !== null) {
      this.#runner.start(lane, work, work.content, subscription);
      return;
    }
    // The lane let it go as an attempt, perhaps as the probe of its breaker; it is none.
    lane.released(this.#options.clock.monotonic());
    this.#place(work);
    this.#scheduler.ended(lane);
  }

  // What people change

  changed(current: Subscription): void {
    const lane = this.#lanes.find(current.number);
    if (lane === undefined) return;
    lane.follow(current);
    const stays = current.status === 'active' && lane.target === current.destination.url;
    if (!stays) for (const work of this.#lanes.takeAll(lane, current.number)) this.#place(work);
    this.#offer(lane);
  }

  deleted(former: Subscription): void {
    const lane = this.#lanes.find(former.number);
    if (lane !== undefined) {
      for (const work of this.#lanes.takeAll(lane, former.number)) this.#place(work);
    }
    this.#watch.forget(former.number);
    // Its held deliveries go the same way as all due ones: placed, and cancelled there.
    this.release(former.number).catch(this.#options.onError);
  }

  resend(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#changes.resend(delivery);
  }

  cancel(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#changes.cancel(delivery);
  }

  release(subscription: number): Promise<void> {
    return this.#held.release(subscription);
  }

  isSending(sequence: number, subscription: number): boolean {
    return this.#runner.find(sequence, subscription) !== undefined;
  }

  lane(subscription: number): LaneStatus | undefined {
    const { clock } = this.#options;
    return this.#lanes.find(subscription)?.status(clock.now() - clock.monotonic());
  }

  #disable(subscription: Subscription, reason: string): void {
    if (subscription.status === 'disabled') return;
    const { registry, telemetry, clock, onDisabled, onError } = this.#options;
    telemetry.emit({ event: 'subscription.disabled', at: clock.now(), subscription, reason });
    registry
      .change(subscription.number, { status: 'disabled', disabledReason: reason })
      .then((changed) => changed && onDisabled(changed, reason))
      .catch(onError);
  }

  // Memory and shutdown

  #forgetIdleLanes(): void {
    const { clock } = this.#options;
    this.#lanes.forgetIdle(clock.monotonic() - LANE_IDLE_MS);
    this.#sweep = clock.setTimer(LANE_IDLE_MS, () => this.#forgetIdleLanes());
  }

  async #room(): Promise<void> {
    while (!this.#lanes.hasRoom && this.#stopping === null) {
      await new Promise<void>((resolve) => {
        this.#options.clock.setTimer(ROOM_POLL_MS, resolve);
      });
    }
  }

  async #drain(): Promise<void> {
    const { clock, writer } = this.#options;
    this.#scheduler.stop();
    this.#due.stop();
    this.#sweep?.cancel();
    const patience = Promise.withResolvers<void>();
    const timer = clock.setTimer(DRAIN_MS, patience.resolve);
    await Promise.race([this.#runner.idle(), patience.promise]);
    timer.cancel();
    await this.#runner.abortAll();
    writer.raiseLowWaterMark(this.#mark.value());
    // What could not be stored is done again after the next start; that is no reason not to stop.
    await writer.flushed().catch(this.#options.onError);
  }
}

function heldBy(subscription: Subscription): string {
  return `the subscription is ${subscription.status}`;
}
