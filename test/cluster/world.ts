/** A cluster in one process: several real engines on one database, and targets that play along. */
import { after, describe, type TestContext } from 'node:test';
import { Client } from 'pg';
import { liveSecret, type Subscription } from '../../src/domain/subscription.ts';
import { findTestServer, type TestServer } from '../../src/storage/postgres/testing/test-server.ts';
import { webhookSettings } from '../../src/testing/simulated-world.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Network } from './network.ts';
import { TestNode } from './node.ts';
import { Targets } from './targets.ts';

/** Short, so that a takeover takes seconds; long enough for a busy machine. */
export const LEASE_MS = 2_000;

/** A lease, the survivor's own time in touch, a heartbeat, and a slow machine. */
export const TAKEOVER_WITHIN_MS = 20_000;

export class ClusterWorld {
  readonly targets = new Targets();
  readonly url: string;
  readonly nodes: TestNode[] = [];

  private constructor(url: string) {
    this.url = url;
  }

  /** A database of its own and so many nodes, gone with the test. */
  static async open(server: TestServer, t: TestContext, nodeCount: number): Promise<ClusterWorld> {
    const world = new ClusterWorld(await server.createDatabase());
    t.after(async () => {
      for (const node of world.nodes) node.kill();
      await server.dropDatabase(world.url);
    });
    for (let index = 0; index < nodeCount; index += 1) await world.start();
    return world;
  }

  async start(): Promise<TestNode> {
    const node = await TestNode.start({
      name: 'abcdefgh'.charAt(this.nodes.length),
      network: await Network.to(this.url),
      leaseMs: LEASE_MS,
      targets: this.targets,
    });
    this.nodes.push(node);
    return node;
  }

  /** Through one node; resolves when all that live know it. */
  async subscribe(
    through: TestNode,
    overrides: Parameters<typeof webhookSettings>[0] = {},
  ): Promise<Subscription> {
    const subscription = await through.registry.create({
      tenant: 1,
      settings: webhookSettings(overrides),
      secrets: [liveSecret('a secret of sixteen bytes')],
    });
    await this.until('all nodes know the subscription', () =>
      this.alive.every(({ registry }) => registry.byNumber(subscription.number) !== undefined),
    );
    return subscription;
  }

  get alive(): readonly TestNode[] {
    return this.nodes.filter((node) => node.isAlive);
  }

  until(what: string, ask: () => boolean | Promise<boolean>, deadlineMs = TAKEOVER_WITHIN_MS) {
    return waitUntil(async () => (await ask()) || undefined, {
      what,
      deadlineMs,
      context: () => this.#report(),
    });
  }

  /** Past all nodes. */
  async query(statement: string): Promise<readonly object[]> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query<object>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  #report(): string {
    const nodes = this.nodes.map(
      ({ name, isAlive, broken, errors }) =>
        `${name}: ${isAlive ? 'alive' : 'dead'} ${String(broken ?? '')} ${errors.join('; ')}`,
    );
    return [`${this.targets.arrivals.length} arrivals`, ...nodes].join('\n');
  }
}

/** How a test gets its cluster. */
export type OpenCluster = (t: TestContext, nodeCount: number) => Promise<ClusterWorld>;

/** Tests that need a PostgreSQL, or one skip that says why there is none. */
export async function describeCluster(
  name: string,
  tests: (open: OpenCluster) => void,
): Promise<void> {
  const server = await findTestServer();
  if (typeof server === 'string') {
    describe(name, { skip: server });
    return;
  }
  describe(name, () => {
    after(() => server.close());
    tests((t, nodeCount) => ClusterWorld.open(server, t, nodeCount));
  });
}
