/** Processes on one database as far as the store knows of them: no engine, only the membership. */
import assert from 'node:assert/strict';
import { Client } from 'pg';
import { systemClock, systemRandom } from '../../../../runtime/system.ts';
import { ProcessClock } from '../../../../testing/process-clock.ts';
import type { ClusterListener, Leftovers } from '../../../cluster.ts';
import type { Storage } from '../../../storage.ts';
import { openPostgresStorage } from '../../store.ts';
import type { TestServer } from '../../testing/test-server.ts';

const LEASE_MS = 1_000;
const DEADLINE_MS = 15_000;

export class Process {
  readonly storage: Storage;
  readonly #clock: ProcessClock;
  readonly adopted: Leftovers[] = [];
  lost: Error | undefined;
  #heard: (() => void)[] = [];

  private constructor(storage: Storage, clock: ProcessClock) {
    this.storage = storage;
    this.#clock = clock;
  }

  static async start(url: string): Promise<Process> {
    const clock = new ProcessClock(systemClock);
    const random = systemRandom;
    const options = { url, clock, random, leaseMs: LEASE_MS, onError: () => {} };
    return new Process(await openPostgresStorage(options), clock);
  }

  get node() {
    return this.storage.cluster ?? assert.fail('a store without a cluster');
  }

  async listen(more: Partial<ClusterListener> = {}): Promise<void> {
    await this.node.start({
      adopted: (leftovers) => {
        this.adopted.push(leftovers);
        for (const heard of this.#heard.splice(0)) heard();
      },
      changed: async () => {},
      wished: async () => ({ kind: 'failed', why: 'not in this test' }),
      resumed: () => {},
      lowWaterMark: () => 0,
      leaseLost: (error) => {
        this.lost = error;
        for (const heard of this.#heard.splice(0)) heard();
      },
      onError: () => {},
      ...more,
    });
  }

  /** Resolves after the next `adopted` or `leaseLost`. */
  hears(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('nothing was heard')), DEADLINE_MS);
    this.#heard.push(() => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  /** No heartbeat any more. */
  freeze(): void {
    this.#clock.kill();
  }
}

export type Row = Readonly<Record<string, unknown>>;

export class Processes {
  readonly #server: TestServer;
  readonly #running: Process[] = [];
  #url = '';

  constructor(server: TestServer) {
    this.#server = server;
  }

  async open(): Promise<void> {
    this.#url = await this.#server.createDatabase();
  }

  async start(): Promise<Process> {
    const process = await Process.start(this.#url);
    this.#running.push(process);
    return process;
  }

  async sql(text: string): Promise<readonly Row[]> {
    const client = new Client({ connectionString: this.#url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** On a connection of its own; rolled back unless it was committed. */
  async transaction(): Promise<AsyncDisposable & Pick<Processes, 'sql'>> {
    const client = new Client({ connectionString: this.#url });
    await client.connect();
    await client.query('begin');
    return {
      sql: async (text) => (await client.query<Row>(text)).rows,
      [Symbol.asyncDispose]: () => client.end(),
    };
  }

  /** All at an end, and their slots as if never used. */
  async reset(): Promise<void> {
    for (const process of this.#running.splice(0)) {
      process.freeze();
      await process.storage.close();
    }
    await this.sql(
      `update node_slot set owner = null, has_leftovers = false, low_water_mark = 0,
         highest_sequence = 0`,
    );
  }

  async close(): Promise<void> {
    await this.#server.dropDatabase(this.#url);
    await this.#server.close();
  }
}
