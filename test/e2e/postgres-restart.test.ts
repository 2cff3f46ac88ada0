/**
 * A PostgreSQL that is restarted under load, once as for an upgrade and once as after a crash:
 * 503 while it is away, recovery by itself, and nothing that got its 202 is lost or sent twice.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { OwnServer } from '../../src/storage/postgres/testing/own-server.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call } from './call.ts';
import { Publishers } from './publishers.ts';
import { Sink } from './sink.ts';

const EVENTS = 1_200;
const EVENT_TYPE = 'load.restart';
const CONCURRENT_PUBLISHERS = 32;
const DEADLINE_MS = 30_000;
const OUTAGES = [
  { how: 'fast', afterAcked: 300 },
  { how: 'immediate', afterAcked: 800 },
] as const;

test('a restart of PostgreSQL under load loses nothing', async (t) => {
  const database = await ownServer(t);
  if (database === undefined) return;
  const sink = await Sink.start({ answerAfterMs: 2 });
  t.after(() => sink.close());
  const server = await startBellwire({
    env: { BELLWIRE_DATABASE_URL: database.url('postgres') },
  });
  t.after(() => server.stop());
  await server.client.subscriptions.create({ event_type: EVENT_TYPE, target_url: sink.url });

  let up = Promise.resolve();
  const publishers = new Publishers({
    url: server.url,
    adminKey: server.adminKey,
    eventType: EVENT_TYPE,
    events: EVENTS,
    concurrency: CONCURRENT_PUBLISHERS,
    serverIsUp: () => up,
  });
  const published = publishers.run();
  for (const { how, afterAcked } of OUTAGES) {
    await Promise.race([publishers.ackedCount(afterAcked), published]);
    const back = Promise.withResolvers<void>();
    up = back.promise;
    await database.stop(how);
    await assertUnavailable(server);
    await database.start();
    await waitUntil(async () => (await call(server, '/readyz')).status === 200, {
      what: 'the server to be ready again',
      context: () => server.output(),
    });
    back.resolve();
  }
  await published;
  t.diagnostic(
    `${publishers.failures} requests got no 202 at first, ${publishers.duplicates} were committed`,
  );
  await sink.waitForIds(EVENTS, DEADLINE_MS);
  assert.equal(publishers.acked.size, EVENTS);
  assert.deepEqual(new Set(sink.byId.keys()), new Set(publishers.acked.values()));
  await nothingLeft(server);
  // The process lived on, and with it the memory of what was sent.
  assert.deepEqual(sink.repeated(), []);
  await publishers.repeatEvery(50);
});

/** Undefined, and the test skipped, where none can run. */
async function ownServer(t: TestContext): Promise<OwnServer | undefined> {
  try {
    const database = await OwnServer.create();
    t.after(() => database.remove());
    return database;
  } catch (error) {
    t.skip(`no PostgreSQL can be started here: ${String(error)}`);
    return undefined;
  }
}

async function assertUnavailable(server: RunningBellwire): Promise<void> {
  const body = { event_type: 'nobody.wants.it', data: {} };
  const refused = await call(server, '/v1/events', { body });
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
  const readiness = await call(server, '/readyz');
  assert.equal(readiness.status, 503, readiness.text);
}

async function nothingLeft({ client }: RunningBellwire): Promise<void> {
  await waitUntil(
    async () => {
      const lists = (['pending', 'sending', 'waiting'] as const).map((status) =>
        client.deliveries.list({ status, limit: 1 }).page(),
      );
      return (await Promise.all(lists)).every(({ data }) => data.length === 0);
    },
    { what: 'all deliveries to be recorded as delivered', deadlineMs: DEADLINE_MS },
  );
}
