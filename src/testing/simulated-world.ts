/** What a behaviour test of the engine needs, with defaults: a test names what it is about. */
import type { Publication, PublishResult } from '../accept/publication.ts';
import type { ReplayRequest, ReplayView } from '../dispatch/replay-control.ts';
import {
  DEFAULT_CHOICES,
  liveSecret,
  type Subscription,
  type SubscriptionSettings,
} from '../domain/subscription.ts';
import type { Random } from '../runtime/random.ts';
import type { TelemetryEvent } from '../runtime/telemetry.ts';
import type { AttemptRecord, DeliveryRecord, DeliveryView } from '../storage/journal.ts';
import { createMemoryStorage, MemoryData } from '../storage/memory/store.ts';
import type { ControlFate } from './faulty-control.ts';
import { KIND_FATE, type JournalFates, type JournalOperation } from './faulty-journal.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedEngine } from './simulated-engine.ts';
import { SimulatedNetwork } from './simulated-network.ts';

/** 2026-01-01T00:00:00Z: the hour in which every simulated world begins. */
export const START_AT = Date.UTC(2026, 0, 1);

export const TENANT = 1;

/** Rounds of the event loop that finish whatever needs no time. */
const QUIET_ROUNDS = 6;

export function webhookSettings(
  overrides: Partial<SubscriptionSettings> & { readonly url?: string } = {},
): SubscriptionSettings {
  const { url = 'https://receiver.test/hook', ...rest } = overrides;
  return {
    ...DEFAULT_CHOICES,
    eventTypes: ['**'],
    destination: { kind: 'webhook', url },
    maxInFlight: 256,
    ...rest,
  };
}

export function replayRequest(overrides: Partial<ReplayRequest> = {}): ReplayRequest {
  return {
    since: 0,
    until: Number.MAX_SAFE_INTEGER,
    eventTypes: null,
    taskId: null,
    filter: null,
    subscription: null,
    statuses: null,
    ...overrides,
  };
}

export class SimulatedWorld {
  readonly clock = new SimulatedClock(START_AT);
  readonly random: Random;
  readonly data = new MemoryData();
  readonly network = new SimulatedNetwork(this.clock);
  readonly telemetry: TelemetryEvent[] = [];
  /** Calls of the journal by the engine, in order. */
  readonly calls: JournalOperation[] = [];
  /** What befalls the journal; replace it at any time. */
  fates: JournalFates = () => KIND_FATE;
  /** The same for the writes of subscriptions. */
  controlFate: () => ControlFate = () => ({});
  #engine: SimulatedEngine | undefined;

  private constructor(unit: number | undefined) {
    const seeded = new SeededRandom(1);
    const steady = { unit: () => unit ?? 0, bytes: (length: number) => seeded.bytes(length) };
    this.random = unit === undefined ? seeded : steady;
  }

  /** @param options `unit`: what the engine draws each time; 0.5 takes away all jitter. */
  static async create(options: { readonly unit?: number } = {}): Promise<SimulatedWorld> {
    const world = new SimulatedWorld(options.unit);
    await world.start();
    return world;
  }

  get engine(): SimulatedEngine {
    if (this.#engine === undefined) throw new Error('no process was started');
    return this.#engine;
  }

  get dispatcher() {
    return this.engine.dispatcher;
  }

  /** Starts a process over what is on the disk. */
  async start(): Promise<void> {
    const { clock, random, data, network } = this;
    this.#engine = await SimulatedEngine.start({
      clock,
      random,
      data,
      network,
      fates: (operation, batch) => {
        this.calls.push(operation);
        return this.fates(operation, batch);
      },
      controlFate: () => this.controlFate(),
      onTelemetry: (event) => this.telemetry.push(event),
    });
  }

  /** `kill -9` and a new process. */
  async crash(): Promise<void> {
    this.engine.kill();
    await this.start();
  }

  subscribe(overrides: Parameters<typeof webhookSettings>[0] = {}): Promise<Subscription> {
    return this.engine.registry.create({
      tenant: TENANT,
      settings: webhookSettings(overrides),
      secrets: [liveSecret('a secret of sixteen bytes')],
    });
  }

  /** As the API does it. */
  async pause(subscription: Subscription): Promise<void> {
    await this.engine.registry.change(subscription.number, { status: 'paused' });
  }

  async resume(subscription: Subscription): Promise<void> {
    const change = { status: 'active', disabledReason: null, failingSince: null } as const;
    await this.engine.registry.change(subscription.number, change);
    await this.engine.dispatcher.release(subscription.number);
  }

  /** Of everything, to everybody, unless the test says otherwise. Nothing runs meanwhile. */
  replay(overrides: Partial<ReplayRequest> = {}): Promise<ReplayView> {
    return this.answer(this.engine.replays.create(TENANT, replayRequest(overrides)));
  }

  /** @throws Error when there is no such replay. */
  async replayView(number: number): Promise<ReplayView> {
    const found = await this.answer(this.engine.replays.find(TENANT, number));
    if (found === undefined) throw new Error(`no replay ${number}`);
    return found;
  }

  /** Publishes and waits until the answer is there, without letting time pass. */
  async publish(overrides: Partial<Publication> = {}): Promise<PublishResult> {
    return this.answer(
      this.engine.publish({
        tenant: TENANT,
        eventType: 'task.completed',
        dataText: '{"n":1}',
        ...overrides,
      }),
    );
  }

  async publishMany(count: number, overrides: Partial<Publication> = {}): Promise<void> {
    const results = Array.from({ length: count }, () => this.publish(overrides));
    for (const result of await Promise.all(results)) {
      if (result.kind !== 'accepted') throw new Error(`an event was ${result.kind}`);
    }
  }

  /** What a call resolves to while everything that needs no time runs. */
  async answer<Result>(call: Promise<Result>): Promise<Result> {
    const [outcome] = await Promise.allSettled([call, this.quiet()]);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  /** Lets everything run that needs no time. */
  quiet(): Promise<void> {
    this.#quiet ??= this.#runQuiet();
    return this.#quiet;
  }

  #quiet: Promise<void> | undefined;

  async #runQuiet(): Promise<void> {
    for (let round = 0; round < QUIET_ROUNDS; round += 1) await this.clock.advance(0);
    this.#quiet = undefined;
  }

  async advance(ms: number): Promise<void> {
    await this.#quiet;
    await this.clock.advance(ms);
    await this.quiet();
  }

  // What is on the disk, read without touching the engine

  delivery(sequence: number, subscription: number): Promise<DeliveryView | undefined> {
    return createMemoryStorage(this.data).journal.delivery(TENANT, sequence, subscription);
  }

  /** @throws Error when there is no such delivery. */
  async view(sequence: number, subscription = 1): Promise<DeliveryView> {
    const found = await this.delivery(sequence, subscription);
    if (found === undefined) throw new Error(`no delivery of ${sequence} to ${subscription}`);
    return found;
  }

  row(sequence: number, subscription = 1): DeliveryRecord | undefined {
    return this.data.journal.delivery(sequence, subscription);
  }

  records(sequence: number, subscription = 1): readonly AttemptRecord[] {
    return this.data.journal.attempts(sequence, subscription);
  }
}
