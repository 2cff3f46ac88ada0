/** The real pipe with hydration in it, over simulated time, with an API under control. */
import assert from 'node:assert/strict';
import { createPublisher } from '../../accept/publisher.ts';
import type { Publisher, PublishResult } from '../../accept/publication.ts';
import type { AttemptJob, Destination } from '../../destinations/destination.ts';
import { Dispatcher } from '../../dispatch/dispatcher.ts';
import type { HttpResult } from '../../domain/attempt-result.ts';
import { parseMasterKeys } from '../../domain/secret-box.ts';
import { DEFAULT_SOURCE_CHOICES, type Source } from '../../domain/source.ts';
import { DEFAULT_CHOICES } from '../../domain/subscription.ts';
import type { EgressRequest } from '../../egress/port.ts';
import { JournalWriter } from '../../storage/journal-writer.ts';
import type { Storage } from '../../storage/storage.ts';
import { createMemoryStorage } from '../../storage/memory/store.ts';
import { SubscriptionRegistry } from '../../storage/subscription-registry.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { createHydrateDestination } from '../hydrate-destination.ts';
import { HydrateSubscriptions } from '../hydrate-subscriptions.ts';
import { hydratingPublisher } from '../hydrating-publisher.ts';

const START = Date.UTC(2026, 3, 9);

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

export class HydrateWorld {
  readonly clock: SimulatedClock;
  readonly storage: Storage;
  readonly registry: SubscriptionRegistry;
  readonly dispatcher: Dispatcher;
  readonly subscriptions: HydrateSubscriptions;
  /** Of the destination itself, for tries that a test makes by hand. */
  readonly destination: Destination;
  readonly sources = new Map<number, Source>();
  readonly asked: EgressRequest[] = [];
  readonly errors: unknown[] = [];
  /** Envelopes that reached the receiver. */
  readonly received: Record<string, unknown>[] = [];
  /** Jobs that hydration was given. */
  readonly jobs: AttemptJob[] = [];
  answer: (request: EgressRequest) => Answer = () => ({ text: '{"id":"obj_1","state":"done"}' });
  latencyMs = 20;
  /** While true the pipe takes nothing from hydration. */
  isFull = false;
  readonly #entrance: Publisher;

  private constructor(clock: SimulatedClock, storage: Storage, parts: Parts) {
    this.clock = clock;
    this.storage = storage;
    const { registry, writer, state } = parts;
    this.registry = registry;
    const onError = (error: unknown) => this.errors.push(error);
    const pipe = createPublisher({ writer, directory: registry, clock, refusal: () => undefined });
    const sourceOf = (number: number) => this.sources.get(number);
    this.destination = createHydrateDestination({
      egress: { send: (request, done) => this.#send(request, done) },
      publisher: { publish: (event, done) => this.#publishAgain(pipe, event, done) },
      sourceOf,
      clock,
      userAgent: 'Bellwire/test',
    });
    const destinations = { webhook: this.#receiver(), hydrate: this.#watched() };
    this.dispatcher = new Dispatcher({
      journal: storage.journal,
      state,
      writer,
      registry,
      destinations,
      clock,
      random: new SeededRandom(3),
      telemetry: { emit: () => undefined },
      onDisabled: () => undefined,
      onError,
    });
    this.subscriptions = new HydrateSubscriptions({ registry, onError });
    const { subscriptions } = this;
    this.#entrance = hydratingPublisher({ publisher: pipe, sourceOf, subscriptions });
  }

  static async open(): Promise<HydrateWorld> {
    const clock = new SimulatedClock(START);
    const storage = createMemoryStorage();
    const { journal, sequences, control } = storage;
    const masterKeys = parseMasterKeys(Buffer.alloc(32, 7).toString('base64'));
    const random = new SeededRandom(1);
    const registry = new SubscriptionRegistry({ control, masterKeys, clock, random });
    await registry.load();
    const writer = new JournalWriter({ journal, sequences, clock, onBroken: assert.ifError });
    const world = new HydrateWorld(clock, storage, {
      registry,
      writer,
      state: await journal.state(),
    });
    await world.dispatcher.start();
    const destination = { kind: 'webhook', url: 'https://receiver.example/' } as const;
    const settings = { ...DEFAULT_CHOICES, eventTypes: ['**'], destination };
    const secrets = [{ text: 'whsec_c2VjcmV0', expiresAt: null }];
    await registry.create({ tenant: 1, settings, secrets });
    return world;
  }

  /** A source with this configuration, as its creation leaves it. */
  async source(hydrate: unknown, changes: Partial<Source> = {}): Promise<Source> {
    const source: Source = {
      ...DEFAULT_SOURCE_CHOICES,
      provider: 'custom',
      number: 7,
      id: 'src_7',
      tenant: 1,
      token: '',
      secrets: [],
      credentials: { api_key: 'k3y' },
      status: 'active',
      lockedReason: null,
      createdAt: START,
      updatedAt: START,
      config: { hydrate },
      ...changes,
    };
    this.sources.set(source.number, source);
    this.subscriptions.created(source);
    await this.clock.advance(1);
    return source;
  }

  /** As ingest publishes what came in. */
  arrive(
    source: Source,
    eventType: string,
    dataText: string,
    id = dataText,
  ): Promise<PublishResult> {
    const { tenant, number, id: sourceId } = source;
    const inbound = { source: number, sourceId, providerEventId: id, dedupe: id };
    return new Promise((resolve) => {
      this.#entrance.publish({ tenant, eventType, dataText, inbound }, resolve);
    });
  }

  /** `data` of what was received, in order. */
  get data(): unknown[] {
    return this.received.map(({ data }) => data);
  }

  #receiver(): Destination {
    return {
      attempt: ({ body }, done) => {
        this.received.push(JSON.parse(Buffer.from(body).toString('utf8')));
        queueMicrotask(() => done({ kind: 'taken', detail: 'here', durationMs: 0 }));
        return { abort: () => undefined };
      },
    };
  }

  #watched(): Destination {
    return {
      attempt: (job, done) => {
        this.jobs.push(job);
        return this.destination.attempt(job, done);
      },
    };
  }

  #publishAgain(pipe: Publisher, ...[event, done]: Parameters<Publisher['publish']>): void {
    if (!this.isFull) return pipe.publish(event, done);
    queueMicrotask(() => done({ kind: 'unavailable', reason: 'full', retryAfterSeconds: 1 }));
  }

  #send(request: EgressRequest, done: (result: HttpResult) => void) {
    this.asked.push(request);
    const { status = 200, headers = {}, text = '' } = this.answer(request);
    const durationMs = this.latencyMs;
    this.clock.setTimer(durationMs, () =>
      done({ kind: 'response', status, headers, body: Buffer.from(text), durationMs }),
    );
    return { abort: () => undefined };
  }
}

interface Parts {
  readonly registry: SubscriptionRegistry;
  readonly writer: JournalWriter;
  readonly state: Awaited<ReturnType<Storage['journal']['state']>>;
}
