/** Cases 28 to 30, 32 and 37: a 2xx is a promise, and anything else claims nothing. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FakeReceiver } from '../../../src/testing/fake-receiver.ts';
import { startBellwire } from '../../support/bellwire.ts';
import type { BellwireOptions } from '../../support/bellwire.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { CaseTenant, listOf } from '../send-cases/case-world.ts';
import { ReceiveTenant, type ReceiveCases } from './receive-world.ts';
import { github, send } from './senders.ts';

const SECRET = 'a-secret-of-the-surviving-cases';
const EVENTS = 400;
/** So many are answered before the server is killed. */
const KILL_AFTER = 120;

function bodyOf(index: number): string {
  return JSON.stringify({ index, text: 'x'.repeat(200) });
}

export const SURVIVING: ReceiveCases = {
  'cases 28 and 30: killed between store and answer, it has all that it answered, once': async (
    _,
    { t, optionsFor },
  ) => {
    const options = await optionsFor('case-28');
    const receiver = await FakeReceiver.start();
    t.after(() => receiver.close());
    let server = await startBellwire(options);
    t.after(() => server.stop());
    const before = new ReceiveTenant(new CaseTenant(server, receiver, 'case-28'));
    const source = await before.source({ provider: 'github', secret: SECRET });
    const path = new URL(source.url).pathname;
    const answered = new Set<number>();
    let killed: Promise<void> | undefined;
    const sends = Array.from({ length: EVENTS }, async (__, index) => {
      const sent = github(SECRET, bodyOf(index), `delivery-${index}`);
      const answer = await send(server.url + path, sent).catch(() => undefined);
      if (answer?.status !== 200) return;
      answered.add(index);
      if (answered.size === KILL_AFTER) killed = server.kill9();
    });
    await Promise.all(sends);
    await killed;
    assert.ok(answered.size >= KILL_AFTER);
    server = await startBellwire({ ...options, dataDir: server.dataDir });
    const tenant = new ReceiveTenant(before.case.through(server));
    const stored = new Set((await allEvents(tenant)).map(indexOf));
    for (const index of answered) assert.ok(stored.has(index), `${index} was answered and lost`);
    for (let index = 0; index < EVENTS; index += 1) {
      const sent = github(SECRET, bodyOf(index), `delivery-${index}`);
      await tenant.taken(server.url + path, sent);
    }
    const all = (await allEvents(tenant)).map(indexOf);
    assert.deepEqual([all.length, new Set(all).size], [EVENTS, EVENTS]);
  },

  'cases 29 and 32: what was refused for a while is taken when it comes again': async (
    tenant,
    { t, optionsFor },
  ) => {
    const source = await tenant.source({ provider: 'github', secret: SECRET });
    const sent = github(SECRET, '{"n":1}', 'once');
    await tenant.case.expect(200, `/v1/sources/${source.id}/pause`, { body: {} });
    const paused = await tenant.taken(source.url, sent, 503);
    assert.ok(Number(paused.headers.get('retry-after')) > 0);
    await tenant.case.expect(200, `/v1/sources/${source.id}/resume`, { body: {} });
    const { name } = tenant.case;
    const quota = (max: number | null) =>
      tenant.case.expect(200, `/v1/tenants/${name}`, {
        method: 'PATCH',
        body: { quotas: { max_storage_bytes: max } },
      });
    await quota(1);
    const refused = await tenant.taken(source.url, sent, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    await quota(null);
    await tenant.taken(source.url, sent);
    await tenant.taken(source.url, sent);
    assert.equal((await tenant.events()).length, 1);
    const counts = await tenant.statuses();
    assert.deepEqual(counts, { accepted: 1, duplicate: 1, rejected: 2 });
    await remembersOverRestart(t, await optionsFor('case-29'));
  },

  'case 37: the same request at two nodes is one event': async (_, { t, optionsFor }) => {
    const options = await optionsFor('case-37');
    if (options.env?.['BELLWIRE_DATABASE_URL'] === undefined) {
      t.skip('one process alone holds the embedded store');
      return;
    }
    const receiver = await FakeReceiver.start();
    t.after(() => receiver.close());
    const one = await startBellwire(options);
    t.after(() => one.stop());
    const other = await startBellwire({ env: { ...options.env } });
    t.after(() => other.stop());
    const tenant = new ReceiveTenant(new CaseTenant(one, receiver, 'case-37'));
    const source = await tenant.source({ provider: 'github', secret: SECRET });
    const path = new URL(source.url).pathname;
    const known = () => send(other.url + path, github(SECRET, '{"probe":1}', 'probe'));
    await waitUntil(async () => (await known()).status === 200, {
      what: 'the other node to know the source',
    });
    const sends = Array.from({ length: 200 }, (__, index) => {
      const sent = github(SECRET, bodyOf(index >> 1), `delivery-${index >> 1}`);
      return send((index % 2 === 0 ? one : other).url + path, sent);
    });
    const answers = await Promise.all(sends);
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal((await tenant.events()).length, 101);
  },
};

async function remembersOverRestart(t: TestContext, options: BellwireOptions): Promise<void> {
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  let server = await startBellwire(options);
  t.after(() => server.stop());
  const before = new ReceiveTenant(new CaseTenant(server, receiver, 'case-29-restart'));
  const source = await before.source({ provider: 'github', secret: SECRET });
  const path = new URL(source.url).pathname;
  const sent = github(SECRET, '{"n":1}', 'once');
  await before.taken(server.url + path, sent);
  const { dataDir } = server;
  await server.kill9();
  server = await startBellwire({ ...options, dataDir });
  const tenant = new ReceiveTenant(before.case.through(server));
  await tenant.taken(server.url + path, sent);
  assert.equal((await tenant.events()).length, 1);
}

function indexOf(event: Record<string, unknown>): number {
  const { data } = event;
  return Number(typeof data === 'object' && data !== null && 'index' in data ? data.index : NaN);
}

async function allEvents(tenant: ReceiveTenant): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  let cursor = '';
  do {
    const page = await tenant.case.expect(200, `/v1/events?limit=250${cursor}`);
    all.push(...listOf(page));
    const { next_cursor: next } = page;
    cursor = typeof next === 'string' ? `&cursor=${next}` : '';
  } while (cursor !== '');
  return all;
}
