/**
 * Sends what the journal holds. A fresh delivery starts from memory the moment its commit is
 * durable; the store is read for retries, long queues and restarts only.
 *
 *   committed ─► lane ─► plan ─► act ─► classify ─► settle ─► next commit
 */
import type { Destinations } from '../destinations/destination.ts';
import { MAX_IN_FLIGHT_PER_NODE } from '../domain/limits.ts';
import { isFinal } from '../domain/delivery-state.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Service } from '../runtime/service.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { Leftovers } from '../storage/cluster.ts';
import type { JournalListener, JournalWriter } from '../storage/journal-writer.ts';
import type {
  DeliveryRecord,
  DeliveryView,
  JournalBatch,
  JournalState,
  JournalStore,
  NewEvent,
} from '../storage/journal.ts';
import type {
  SubscriptionListener,
  SubscriptionRegistry,
} from '../storage/subscription-registry.ts';
import { AttemptRunner } from './attempt-runner.ts';
import { DeliveryChanges } from './delivery-changes.ts';
import type { DeliveryControl, LaneStatus } from './delivery-control.ts';
import { DueLoader } from './due-loader.ts';
import { HeldRelease } from './held-release.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { LowWaterMark } from './low-water-mark.ts';
import { Ordering } from './ordering.ts';
import { OwnRecovery } from './own-recovery.ts';
import { Placement } from './placement.ts';
import { Scheduler } from './scheduler.ts';
import { Standing } from './standing.ts';
import { Takeover } from './takeover.ts';
import { freshWork, storedWork, type Work } from './work.ts';

/** How often the low-water mark is stored; a restart looks at the events since then again. */
const MARK_INTERVAL_MS = 1_000;

/** How long attempts in flight may take to finish when the server stops. */
const DRAIN_MS = 15_000;

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
  /** In a cluster: false while this node's lease has run out. */
  readonly mayAttempt?: (() => boolean) | undefined;
  /** Something went wrong that no caller waits for. */
  readonly onError: (error: unknown) => void;
}

export class Dispatcher implements Service, DeliveryControl, JournalListener, SubscriptionListener {
  readonly #options: DispatcherOptions;
  readonly #lanes: Lanes;
  readonly #scheduler: Scheduler;
  readonly #runner: AttemptRunner;
  readonly #standing: Standing;
  readonly #due: DueLoader;
  readonly #mark: LowWaterMark;
  readonly #changes: DeliveryChanges;
  readonly #held: HeldRelease;
  readonly #takeover: Takeover;
  readonly #ordering: Ordering;
  readonly #placement: Placement;
  readonly #recovery: OwnRecovery;
  #markedAt = 0;
  #stopping: Promise<void> | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { journal, clock, registry, writer, state, onError } = options;
    this.#mark = new LowWaterMark(state.lowWaterMark, state.lastSequence);
    this.#lanes = new Lanes({
      journal,
      clock,
      onError,
      ready: (lane) => this.#offer(lane),
      lost: (work) => this.#placement.putAside(work, 'cancelled', 'the event is no longer stored'),
    });
    this.#scheduler = new Scheduler({
      clock,
      maxInFlight: MAX_IN_FLIGHT_PER_NODE,
      load: (lane) => this.#lanes.load(lane),
      start: (lane, work) => this.#start(lane, work),
      mayStart: options.mayAttempt,
    });
    this.#standing = new Standing({
      ...options,
      release: (subscription) => this.release(subscription).catch(onError),
    });
    this.#runner = new AttemptRunner({
      ...options,
      directory: registry,
      watch: this.#standing.watch,
      gone: (subscription, detail) => this.#standing.end(subscription, detail),
      ended: (lane, work) => this.#scheduler.ended(lane, work),
    });
    this.#due = new DueLoader({
      journal,
      clock,
      onError,
      hasRoom: () => this.#placement.hasRoom,
      commitRuns: () => !writer.isQuiet,
      load: (delivery, isAnnounced) => this.#loadDue(delivery, isAnnounced),
      loaded: () => this.#scheduler.pump(),
    });
    this.#changes = this.#openChanges(registry);
    const stopped = () => this.#stopping !== null;
    this.#held = new HeldRelease({ ...options, due: this.#due, stopped });
    this.#ordering = this.#openOrdering(stopped);
    this.#placement = this.#openPlacement(registry);
    this.#takeover = this.#openTakeover(stopped);
    this.#recovery = this.#openRecovery(stopped);
  }

  #openChanges(directory: SubscriptionRegistry): DeliveryChanges {
    return new DeliveryChanges({
      ...this.#options,
      directory,
      due: this.#due,
      runner: this.#runner,
      take: (sequence, subscription) => this.#placement.take(sequence, subscription),
      takeReplayed: (matches) => this.#placement.takeReplayed(matches),
      decided: (row) => isFinal(row.status) || this.#ordering.arrives(row),
      place: (work) => {
        this.#placement.place(work);
        this.#scheduler.pump();
      },
    });
  }

  #openOrdering(stopped: () => boolean): Ordering {
    return new Ordering({
      ...this.#options,
      soonest: () => this.#due.soonest(),
      place: (work) => this.#placement.place(work),
      placed: () => this.#scheduler.pump(),
      inFlight: (subscription) => this.#runner.of(subscription),
      claimed: (subscription) => this.#changes.keptBack(subscription),
      stopped,
    });
  }

  #openPlacement(directory: SubscriptionRegistry): Placement {
    return new Placement({
      ...this.#options,
      directory,
      lanes: this.#lanes,
      ordering: this.#ordering,
      standing: this.#standing,
      ready: (lane) => this.#scheduler.ready(lane),
    });
  }

  #openRecovery(stopped: () => boolean): OwnRecovery {
    return new OwnRecovery({
      ...this.#options,
      mark: this.#mark,
      ordering: this.#ordering,
      room: () => this.#placement.room(stopped),
      place: (work) => this.#placeFresh(work),
      placed: () => this.#scheduler.pump(),
      stopped,
    });
  }

  #openTakeover(stopped: () => boolean): Takeover {
    const { clock, onError } = this.#options;
    return new Takeover({
      clock,
      onError,
      stopped,
      due: this.#due,
      ordering: this.#ordering,
      room: () => this.#placement.room(stopped),
      found: (pending) => this.#placeFresh(freshWork(pending, pending.subscription, null)),
      foundAll: () => this.#scheduler.pump(),
      release: (subscription) => this.release(subscription),
    });
  }

  async start(): Promise<void> {
    const { writer, registry, onError } = this.#options;
    writer.listen(this);
    registry.listen(this);
    this.#recovery.run().catch(onError);
    for (const { number } of registry.known()) {
      const subscription = registry.byNumber(number);
      if (subscription !== undefined) this.created(subscription);
    }
    this.#due.start();
    this.#lanes.start();
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
    return this.#placement.overload();
  }

  /** Works off what another node left. */
  adopt(leftovers: Leftovers): void {
    this.#takeover.adopt(leftovers);
  }

  /**
   * Everything below is decided. Rises also when nothing happens, so that whoever takes over from
   * this node has little to look through.
   */
  lowWaterMark(): number {
    const { writer } = this.#options;
    // Nothing waits to be stored, so that whatever comes has a higher sequence than this one.
    if (writer.isQuiet) this.#mark.accepted(writer.nextSequence(), 0);
    return this.#mark.value();
  }

  /** `mayAttempt` is true again. */
  resumed(): void {
    this.#scheduler.pump();
  }

  failingSince(subscription: Subscription): number | null {
    return this.#standing.watch.failingSince(subscription);
  }

  // What became durable

  committed(batch: JournalBatch, refused: ReadonlySet<number>, settled: readonly number[]): void {
    this.#recovery.committed(batch);
    this.#changes.committed(batch);
    this.#ordering.committed(batch);
    for (const event of batch.events) {
      if (!refused.has(event.sequence)) this.#accepted(event);
    }
    for (const sequence of settled) this.#mark.decided(sequence);
    if (this.#takeover.size > 0) this.#takeover.committed(batch, settled);
    this.#due.committed(batch, refused);
    for (const row of this.#ordering.deferred()) this.#loadDue(row, true);
    this.#ordering.advance();
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
    this.#takeover.storeMarks();
  }

  #loadDue(delivery: DeliveryRecord, isAnnounced: boolean): void {
    if (this.#ordering.defers(delivery, isAnnounced)) return;
    const work = storedWork(delivery);
    this.#ordering.arrives(work);
    if (!this.#changes.keepsBack(work, delivery)) this.#placement.place(work);
  }

  #placeFresh(work: Work): void {
    this.#ordering.arrives(work);
    if (!this.#changes.keepsBack(work, null)) this.#placement.place(work);
  }

  #offer(lane: Lane): void {
    this.#scheduler.ready(lane);
    this.#scheduler.pump();
  }

  #start(lane: Lane, work: Work): void {
    this.#lanes.left(work);
    const { content } = work;
    const subscription = content === null ? undefined : this.#placement.startsFor(work);
    if (subscription !== undefined && content !== null) {
      this.#runner.start(lane, work, content, subscription);
      return;
    }
    // The lane let it go as an attempt, perhaps as the probe of its breaker; it is none.
    lane.released(this.#options.clock.monotonic());
    this.#placement.place(work);
    this.#scheduler.ended(lane, work);
  }

  // What people change

  created(current: Subscription): void {
    this.#ordering.follow(current);
    this.#standing.created(current);
  }

  changed(current: Subscription): void {
    this.#standing.changed(current);
    this.#placement.changed(current);
    this.#scheduler.pump();
  }

  deleted(former: Subscription): void {
    this.#placement.deleted(former);
    this.#standing.deleted(former);
    // Its held deliveries go the same way as all due ones: placed, and cancelled there.
    this.release(former.number).catch(this.#options.onError);
  }

  resend(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#changes.resend(delivery);
  }

  cancel(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#changes.cancel(delivery);
  }

  changeAll(...change: Parameters<DeliveryChanges['changeAll']>): Promise<void> {
    return this.#changes.changeAll(...change);
  }

  release(subscription: number): Promise<void> {
    return this.#held.release(subscription);
  }

  isSending(sequence: number, subscription: number): boolean {
    return this.#runner.find(sequence, subscription) !== undefined;
  }

  waitsFor(delivery: DeliveryView): number | undefined {
    return this.#ordering.waitsFor(delivery);
  }

  /** True while an attempt of this tenant is in flight. */
  isSendingFor(tenant: number): boolean {
    return this.#runner.isSendingFor(tenant);
  }

  lane(subscription: number): LaneStatus | undefined {
    const { clock } = this.#options;
    return this.#lanes.find(subscription)?.status(clock.now() - clock.monotonic());
  }

  async #drain(): Promise<void> {
    const { clock, writer } = this.#options;
    this.#scheduler.stop();
    this.#due.stop();
    this.#standing.stop();
    this.#lanes.stop();
    const patience = Promise.withResolvers<void>();
    const timer = clock.setTimer(DRAIN_MS, patience.resolve);
    await Promise.race([this.#runner.idle(), patience.promise]);
    timer.cancel();
    await this.#runner.abortAll();
    writer.raiseLowWaterMark(this.#mark.value());
    this.#takeover.storeMarks();
    // What could not be stored is done again after the next start; that is no reason not to stop.
    await writer.flushed().catch(this.#options.onError);
  }
}
