/** One process: the real pipe, from publisher to attempts, over a simulated disk and network. */
import type { Publication, Publisher, PublishResult } from '../accept/publication.ts';
import { createPublisher } from '../accept/publisher.ts';
import type { Destination } from '../destinations/destination.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { Replays } from '../dispatch/replay/replays.ts';
import { parseMasterKeys } from '../domain/secret-box.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { TelemetryEvent } from '../runtime/telemetry.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import type { JournalState, JournalStore } from '../storage/journal.ts';
import { createMemoryStorage, type MemoryData } from '../storage/memory/store.ts';
import type { ReplayStore } from '../storage/replays.ts';
import type { SequenceSource } from '../storage/sequences.ts';
import type { StorageError } from '../storage/storage.ts';
import { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import { faultyControl, type ControlFate } from './faulty-control.ts';
import { FaultyJournal, faultyReplays, type JournalFates } from './faulty-journal.ts';
import { ProcessClock } from './process-clock.ts';
import type { SimulatedNetwork } from './simulated-network.ts';

export interface EngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What is on the disk; it outlives the process. */
  readonly data: MemoryData;
  readonly network: SimulatedNetwork;
  readonly fates: JournalFates;
  /** What befalls the next write of a subscription; none when absent. */
  readonly controlFate?: (() => ControlFate) | undefined;
  /** Called for every wide event, when given. */
  readonly onTelemetry?: ((event: TelemetryEvent) => void) | undefined;
  /** Stands between the engine and its journal: the place for planted bugs. */
  readonly wrapJournal?: ((journal: JournalStore) => JournalStore) | undefined;
  /** The same for what replays ask of the store. */
  readonly wrapReplays?: ((replays: ReplayStore) => ReplayStore) | undefined;
  /** The same for the network. */
  readonly wrapDestination?: ((destination: Destination) => Destination) | undefined;
  /** Stands below all faults and sees what is really done: the place for an oracle. */
  readonly wrapDisk?: ((journal: JournalStore) => JournalStore) | undefined;
}

const MASTER_KEYS = parseMasterKeys(Buffer.alloc(32, 7).toString('base64'));

export class SimulatedEngine {
  readonly clock: ProcessClock;
  readonly journal: JournalStore;
  readonly registry: SubscriptionRegistry;
  readonly writer: JournalWriter;
  readonly dispatcher: Dispatcher;
  readonly replays: Replays;
  readonly publisher: Publisher;
  readonly disabled: { readonly subscription: Subscription; readonly reason: string }[] = [];
  readonly errors: unknown[] = [];
  broken: StorageError | undefined;

  private constructor(
    options: EngineOptions,
    clock: ProcessClock,
    registry: SubscriptionRegistry,
    journal: JournalStore,
    store: ReplayStore,
    state: JournalState,
    sequences: SequenceSource,
  ) {
    const { random, network, onTelemetry, wrapDestination } = options;
    const webhook = network.destination(clock);
    this.clock = clock;
    this.registry = registry;
    this.journal = journal;
    this.writer = new JournalWriter({
      journal,
      sequences,
      clock,
      onBroken: (error) => {
        this.broken = error;
      },
    });
    this.dispatcher = new Dispatcher({
      journal,
      state,
      writer: this.writer,
      registry,
      destinations: { webhook: wrapDestination?.(webhook) ?? webhook },
      clock,
      random,
      telemetry: { emit: (event) => onTelemetry?.(event) },
      onDisabled: (subscription, reason) => this.disabled.push({ subscription, reason }),
      onError: (error) => this.errors.push(error),
    });
    this.replays = new Replays({
      store,
      journal,
      writer: this.writer,
      directory: registry,
      bulk: this.dispatcher,
      clock,
      onError: (error) => this.errors.push(error),
    });
    this.publisher = createPublisher({
      writer: this.writer,
      directory: registry,
      clock,
      refusal: () => this.dispatcher.overload(),
    });
  }

  static async start(options: EngineOptions): Promise<SimulatedEngine> {
    const clock = new ProcessClock(options.clock);
    const storage = createMemoryStorage(options.data);
    const disk = options.wrapDisk?.(storage.journal) ?? storage.journal;
    const faulty = new FaultyJournal(disk, clock, options.fates);
    const journal = options.wrapJournal?.(faulty) ?? faulty;
    const registry = new SubscriptionRegistry({
      control: faultyControl(storage.control, () => options.controlFate?.() ?? {}),
      masterKeys: MASTER_KEYS,
      clock,
      random: options.random,
    });
    await registry.load();
    const replays = faultyReplays(storage.replays, clock, options.fates);
    const engine = new SimulatedEngine(
      options,
      clock,
      registry,
      journal,
      options.wrapReplays?.(replays) ?? replays,
      await journal.state(),
      storage.sequences,
    );
    await engine.dispatcher.start();
    await engine.replays.start();
    return engine;
  }

  publish(publication: Publication): Promise<PublishResult> {
    return new Promise((resolve) => {
      this.publisher.publish(publication, resolve);
    });
  }

  /** `kill -9`: what it held in memory is gone, what it has under way is never heard of again. */
  kill(): void {
    this.clock.kill();
  }
}
