/** One node of a cluster inside a test's process: the real engine over a real PostgreSQL store. */
import type { Publication, PublishResult } from '../../src/accept/publication.ts';
import { createPublisher } from '../../src/accept/publisher.ts';
import { joinCluster, type Cluster } from '../../src/app/cluster.ts';
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { Replays } from '../../src/dispatch/replay/replays.ts';
import { parseMasterKeys } from '../../src/domain/secret-box.ts';
import { systemClock, systemRandom } from '../../src/runtime/system.ts';
import type { ClusterNode } from '../../src/storage/cluster.ts';
import { JournalWriter } from '../../src/storage/journal-writer.ts';
import { openPostgresStorage } from '../../src/storage/postgres/store.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { SourceRegistry } from '../../src/storage/source-registry.ts';
import { SubscriptionRegistry } from '../../src/storage/subscription-registry.ts';
import { ProcessClock } from '../../src/testing/process-clock.ts';
import type { Network } from './network.ts';
import type { Targets } from './targets.ts';

const MASTER_KEYS = parseMasterKeys(Buffer.alloc(32, 7).toString('base64'));

interface Options {
  readonly name: string;
  /** Its way to the database. */
  readonly network: Network;
  readonly leaseMs: number;
  readonly targets: Targets;
}

interface Parts {
  readonly clock: ProcessClock;
  readonly storage: Storage;
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly writer: JournalWriter;
  readonly dispatcher: Dispatcher;
  readonly replays: Replays;
  readonly cluster: Cluster;
  readonly errors: readonly unknown[];
}

export class TestNode {
  readonly name: string;
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly dispatcher: Dispatcher;
  readonly replays: Replays;
  readonly cluster: Cluster;
  readonly storage: Storage;
  readonly network: Network;
  /** What went wrong in the background. */
  readonly errors: readonly unknown[];
  /** Why the process would have ended. */
  broken: Error | undefined;
  readonly #clock: ProcessClock;
  readonly #writer: JournalWriter;

  private constructor({ name, network }: Options, parts: Parts) {
    this.name = name;
    this.network = network;
    this.registry = parts.registry;
    this.sources = parts.sources;
    this.dispatcher = parts.dispatcher;
    this.replays = parts.replays;
    this.cluster = parts.cluster;
    this.storage = parts.storage;
    this.errors = parts.errors;
    this.#clock = parts.clock;
    this.#writer = parts.writer;
  }

  static async start(options: Options): Promise<TestNode> {
    const { name, network, leaseMs, targets } = options;
    const clock = new ProcessClock(systemClock);
    const random = systemRandom;
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    let node: TestNode | undefined;
    const onBroken = (error: Error) => {
      if (node === undefined) throw error;
      node.#end(error);
    };
    const storage = await openPostgresStorage({
      url: network.url,
      clock,
      random,
      leaseMs,
      onError,
    });
    const { journal, control, sequences, cluster: membership } = storage;
    const { registry, sources } = await openRegistries({ control, clock, random });
    const writer = new JournalWriter({ journal, sequences, clock, onBroken });
    const dispatcher = new Dispatcher({
      journal,
      state: await journal.state(),
      writer,
      registry,
      destinations: { webhook: targets.of(name, () => clock.alive) },
      clock,
      random,
      telemetry: { emit: () => {} },
      mayAttempt: () => membership?.holdsLease !== false,
      onDisabled: () => {},
      onError,
    });
    const cluster = joinCluster({
      node: membership,
      dispatcher,
      registry,
      sources,
      journal,
      onBroken,
      onError,
    });
    const replays = new Replays({
      store: storage.replays,
      journal,
      writer,
      directory: registry,
      bulk: dispatcher,
      clock,
      isShared: true,
      onError,
    });
    const parts = { clock, storage, registry, sources, writer, dispatcher, replays, cluster };
    node = new TestNode(options, { ...parts, errors });
    await dispatcher.start();
    await cluster.start();
    await replays.start();
    return node;
  }

  get isAlive(): boolean {
    return this.#clock.alive;
  }

  get membership(): ClusterNode {
    if (this.storage.cluster === undefined) throw new Error('this store is alone');
    return this.storage.cluster;
  }

  publish(publication: Partial<Publication> = {}): Promise<PublishResult> {
    const publisher = createPublisher({
      writer: this.#writer,
      directory: this.registry,
      clock: this.#clock,
      refusal: () => this.dispatcher.overload(),
    });
    const event = { tenant: 1, eventType: 'task.completed', dataText: '{}', ...publication };
    return new Promise((resolve) => publisher.publish(event, resolve));
  }

  /** @returns the ids. @throws Error when one was not accepted. */
  async publishMany(count: number, publication: Partial<Publication> = {}): Promise<string[]> {
    const results = await Promise.all(
      Array.from({ length: count }, (_, number) =>
        this.publish({ dataText: JSON.stringify({ number }), ...publication }),
      ),
    );
    return results.map((result) => {
      if (result.kind !== 'accepted') throw new Error(`an event was ${result.kind}`);
      return result.id;
    });
  }

  /** `kill -9`: no timer fires any more, nothing reaches the database, no answer is heard. */
  kill(): void {
    this.#clock.kill();
    this.network.sever();
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    if (!this.#clock.alive) return;
    await Promise.all([this.dispatcher.stop(), this.replays.stop()]);
    await this.cluster.stop();
    await this.storage.close();
    this.#clock.kill();
  }

  #end(error: Error): void {
    this.broken ??= error;
    this.kill();
  }
}

type RegistryParts = Omit<ConstructorParameters<typeof SubscriptionRegistry>[0], 'masterKeys'>;

async function openRegistries(parts: RegistryParts) {
  const registry = new SubscriptionRegistry({ ...parts, masterKeys: MASTER_KEYS });
  const sources = new SourceRegistry({ ...parts, masterKeys: MASTER_KEYS });
  await Promise.all([registry.load(), sources.load()]);
  return { registry, sources };
}
