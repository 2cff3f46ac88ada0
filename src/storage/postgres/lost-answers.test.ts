/** Commits whose connection breaks midway: what is said about them afterwards must stay true. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { Client } from 'pg';
import { attempt, batch, dedupeKey, delivery, newEvent, START_AT } from '../contract/factories.ts';
import type { Storage } from '../storage.ts';
import { StorageError } from '../storage.ts';
import { CutProxy } from './testing/cut-proxy.ts';
import { describeOnPostgres, openNode } from './testing/on-postgres.ts';
import type { TestServer } from './testing/test-server.ts';

interface World {
  readonly storage: Storage;
  readonly proxy: CutProxy;
  /** Past the proxy. */
  readonly url: string;
}

async function openWorld(t: TestContext, server: TestServer): Promise<World> {
  const url = await server.createDatabase();
  const proxy = await CutProxy.start(url);
  const storage = await openNode(proxy.url);
  t.after(async () => {
    await storage.close();
    await proxy.close();
    await server.dropDatabase(url);
  });
  // The first write makes connections and statements; the tests are about the next one.
  await storage.journal.commit(batch());
  return { storage, proxy, url };
}

function isBusy(error: unknown): boolean {
  return error instanceof StorageError && error.failure === 'busy';
}

function describeLostAnswers(server: TestServer): void {
  it('finds an event that was stored although its answer got lost', async (t) => {
    const { storage, proxy } = await openWorld(t, server);
    const sequence = storage.sequences.next();
    const lost = proxy.loseNextAnswer();
    const events = [newEvent({ sequence, createdAt: START_AT })];
    await assert.rejects(storage.journal.commit(batch({ events })), isBusy);
    await lost;
    const found = await storage.journal.contents([sequence]);
    assert.deepEqual(
      found.map((content) => content.sequence),
      [sequence],
    );
    // What is settled with it comes again, and is one.
    const settled = batch({
      attempts: [attempt({ sequence })],
      deliveries: [delivery({ sequence, createdAt: START_AT })],
    });
    await storage.journal.commit(settled);
    await storage.journal.commit(settled);
    assert.equal((await storage.journal.attempts(sequence, 1)).length, 1);
  });

  it('waits for a lost commit that still runs before it says what is stored', async (t) => {
    const { storage, proxy, url } = await openWorld(t, server);
    const sequence = storage.sequences.next();
    const key = dedupeKey('wanted by two');
    const rival = await openRival(url, key.hash);
    const events = [newEvent({ sequence, createdAt: START_AT, dedupe: [key] })];
    const commit = storage.journal.commit(batch({ events }));
    const failed = assert.rejects(commit, isBusy);
    await rival.isAwaitedBy(1);
    proxy.cut();
    await failed;
    const contents = storage.journal.contents([sequence]);
    await rival.isAwaitedBy(2);
    await rival.giveUp();
    assert.equal((await contents).length, 1);
  });

  it('shuts out a lost commit that reaches the server late', async (t) => {
    const { storage, proxy } = await openWorld(t, server);
    const [late, next] = [storage.sequences.next(), storage.sequences.next()];
    const held = proxy.holdRequests();
    const commit = storage.journal.commit(
      batch({ events: [newEvent({ sequence: late, createdAt: START_AT })] }),
    );
    const failed = assert.rejects(commit, isBusy);
    await held;
    proxy.cut();
    await failed;
    proxy.pass();
    assert.deepEqual(await storage.journal.contents([late]), []);
    await proxy.deliver();
    await storage.journal.commit(
      batch({ events: [newEvent({ sequence: next, createdAt: START_AT })] }),
    );
    assert.equal(await storage.journal.event(1, late), undefined);
    assert.equal((await storage.journal.event(1, next))?.sequence, next);
  });
}

/** Another node that claims a key, and has not committed yet. */
async function openRival(url: string, hash: Uint8Array) {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query('insert into dedupe_key values (1, $1, 1, $1)', [hash]);
  return {
    /** Resolves when so many sessions wait for locks. */
    async isAwaitedBy(sessions: number): Promise<void> {
      const waiting = `select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      // The view keeps still inside a transaction.
      const fresh = `select pg_stat_clear_snapshot(), pg_sleep(0.01)`;
      while (((await client.query(waiting)).rowCount ?? 0) < sessions) await client.query(fresh);
    },
    giveUp: () => client.end(),
  };
}

await describeOnPostgres('postgres: lost answers', describeLostAnswers);
