/** One process: the real pipe, from publisher to attempts, over a simulated disk and network. */
import type { Publication, Publisher, PublishResult } from '../accept/publication.ts';
import { createPublisher } from '../accept/publisher.ts';
import type { Destination } from '../destinations/destination.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { parseMasterKeys } from '../domain/secret-box.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { TelemetryEvent } from '../runtime/telemetry.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import type { JournalStore } from '../storage/journal.ts';
import { createMemoryStorage, type MemoryData } from '../storage/memory/store.ts';
import type { StorageError } from '../storage/storage.ts';
import { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import { FaultyJournal, type JournalFates } from './faulty-journal.ts';
import { ProcessClock } from './process-clock.ts';
import type { SimulatedNetwork } from './simulated-network.ts';

export interface EngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What is on the disk; it outlives the process. */
  readonly data: MemoryData;
  readonly network: SimulatedNetwork;
  readonly fates: JournalFates;
  /** Called for every wide event, when given. */
  readonly onTelemetry?: ((event: TelemetryEvent) => void) | undefined;
  /** Stands between the engine and its journal: the place for planted bugs. */
  readonly wrapJournal?: ((journal: JournalStore) => JournalStore) | undefined;
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
  readonly publisher: Publisher;
  readonly disabled: { readonly subscription: Subscription; readonly reason: string }[] = [];
  readonly errors: unknown[] = [];
  broken: StorageError | undefined;

  private constructor(
    options: EngineOptions,
    clock: ProcessClock,
    registry: SubscriptionRegistry,
    journal: JournalStore,
    state: Awaited<ReturnType<JournalStore['state']>>,
  ) {
    const { random, network, onTelemetry, wrapDestination } = options;
    const webhook = network.destination(clock);
    this.clock = clock;
    this.registry = registry;
    this.journal = journal;
    this.writer = new JournalWriter({
      journal,
      lastSequence: state.lastSequence,
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
      control: storage.control,
      masterKeys: MASTER_KEYS,
      clock,
      random: options.random,
    });
    await registry.load();
    const engine = new SimulatedEngine(options, clock, registry, journal, await journal.state());
    await engine.dispatcher.start();
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
