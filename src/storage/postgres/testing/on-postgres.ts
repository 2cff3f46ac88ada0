/** Suites that need a PostgreSQL: skipped, with the reason, where there is none. */
import { after, describe, type TestContext } from 'node:test';
import { systemClock, systemRandom } from '../../../runtime/system.ts';
import type { Storage } from '../../storage.ts';
import { openPostgresStorage } from '../store.ts';
import { findTestServer, type TestServer } from './test-server.ts';

export async function describeOnPostgres(
  name: string,
  define: (server: TestServer) => void,
): Promise<void> {
  const server = await findTestServer();
  if (typeof server === 'string') {
    describe(name, { skip: server });
    return;
  }
  describe(name, () => {
    define(server);
    after(() => server.close());
  });
}

/** Opens a store as a process of its own would. */
export function openNode(url: string): Promise<Storage> {
  return openPostgresStorage({ url, clock: systemClock, random: systemRandom, onError: ignore });
}

/** It is tried again; tests look at what comes of it. */
function ignore(): void {}

/** A new database with so many nodes on it, all gone after the test. */
export async function openNodes(
  t: TestContext,
  server: TestServer,
  count = 1,
): Promise<{ readonly url: string; readonly nodes: readonly Storage[] }> {
  const url = await server.createDatabase();
  const nodes: Storage[] = [];
  t.after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await server.dropDatabase(url);
  });
  const opened = await Promise.all(Array.from({ length: count }, () => openNode(url)));
  nodes.push(...opened);
  return { url, nodes };
}
