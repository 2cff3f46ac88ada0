/** Replays over whatever store: what is sent again, and what a crash makes of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StorageHarness } from '../../src/storage/contract/harness.ts';
import { waitUntil } from '../support/wait-until.ts';
import { expectStatus, SuiteWorld } from './suite-world.ts';

type Json = Readonly<Record<string, unknown>>;

const MANY = 120;

/** @param name how the store is called in the report. */
export function describeReplaySuite(name: string, harness: StorageHarness): void {
  describe(`replays over ${name}`, () => {
    let opened: SuiteWorld | undefined;
    const world = (): SuiteWorld => {
      if (opened === undefined) throw new Error('the world is only open inside a test');
      return opened;
    };
    before(async () => {
      opened = await SuiteWorld.open(harness);
    });
    after(() => opened?.close());

    it('recovers what has failed, once, whatever happens in between', () => recovers(world()));
    it('gives events to a subscription that came after them', () => routesAnew(world()));
    it('calls off what a paused subscription holds', () => callsOff(world()));
  });
}

/** Events that the subscription to the path has failed to take. */
async function failures(world: SuiteWorld, path: string, events: number): Promise<string> {
  const event_type = `failed.${path.slice(1)}`;
  world.receiver.script(path, { status: 422 });
  const subscription = await world.subscribe(path, { event_type, retry_schedule: [] });
  const json = Array.from({ length: events }, (_, n) => ({ event_type, data: { n } }));
  expectStatus(await world.call('POST /v1/events/batch', { json }), 202);
  const query = `status=exhausted&subscription_id=${subscription}&limit=250`;
  await waitUntil(
    async () => {
      const { data } = expectStatus(await world.call(`GET /v1/deliveries?${query}`), 200);
      return Array.isArray(data) && data.length === events ? true : undefined;
    },
    { what: `${events} deliveries to be exhausted`, deadlineMs: 20_000 },
  );
  return subscription;
}

async function begin(world: SuiteWorld, json: Json): Promise<string> {
  return String(expectStatus(await world.call('POST /v1/replays', { json }), 202)['id']);
}

async function replayWhen(world: SuiteWorld, id: string, wanted: (replay: Json) => boolean) {
  let last: Json = {};
  return waitUntil(
    async () => {
      last = expectStatus(await world.call(`GET /v1/replays/${id}`), 200);
      return wanted(last) ? last : undefined;
    },
    { what: `replay ${id}`, deadlineMs: 40_000, context: () => JSON.stringify(last) },
  );
}

function arrivalsAt(world: SuiteWorld, path: string): readonly string[] {
  const requests = world.receiver.requests.filter((request) => request.path === path);
  return requests.map(({ headers }) => String(headers['webhook-id']));
}

async function recovers(world: SuiteWorld): Promise<void> {
  const path = '/recovered';
  const subscription = await failures(world, path, MANY);
  world.receiver.script(path, { status: 200, delayMs: 10 });
  const wanted = { status: ['exhausted'], subscription_id: subscription };
  const id = await begin(world, wanted);
  await world.receiver.waitFor(() => arrivalsAt(world, path).length >= MANY + 10, {
    deadlineMs: 20_000,
  });
  await world.crash();
  const done = await replayWhen(world, id, ({ status }) => status === 'done');
  assert.deepEqual([done['total'], done['done']], [MANY, MANY]);
  const again = arrivalsAt(world, path).slice(MANY);
  assert.equal(new Set(again).size, MANY);
  // Half of a window may have been in flight, or its end on the way to the store.
  assert.ok(again.length <= MANY + 40, `${again.length - MANY} came twice`);
  const dry = await world.call('POST /v1/replays', { json: { ...wanted, dry_run: true } });
  assert.equal(expectStatus(dry, 200)['total'], 0);
}

async function routesAnew(world: SuiteWorld): Promise<void> {
  const event = { event_type: 'old.news', data: { n: 1 } };
  const ids = [await world.publish(event), await world.publish(event)];
  await world.subscribe('/young', { event_type: 'old.*' });
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const id = await begin(world, { since, event_types: ['old.news'] });
  const done = await replayWhen(world, id, ({ status }) => status === 'done');
  assert.equal(done['total'], ids.length);
  assert.deepEqual(arrivalsAt(world, '/young').toSorted(), ids.toSorted());
}

async function callsOff(world: SuiteWorld): Promise<void> {
  const path = '/called-off';
  const subscription = await failures(world, path, 5);
  const act = (action: string) =>
    world.call(`POST /v1/webhooks/subscriptions/${subscription}/${action}`);
  expectStatus(await act('pause'), 200);
  const id = await begin(world, { status: ['exhausted'], subscription_id: subscription });
  await waitUntil(
    async () => {
      const query = `status=held&subscription_id=${subscription}`;
      const { data } = expectStatus(await world.call(`GET /v1/deliveries?${query}`), 200);
      return Array.isArray(data) && data.length === 5 ? true : undefined;
    },
    { what: 'all five to be held' },
  );
  expectStatus(await world.call(`POST /v1/replays/${id}/cancel`), 200);
  const ended = await replayWhen(world, id, ({ done }) => done === 5);
  assert.equal(ended['status'], 'cancelled');
  expectStatus(await act('resume'), 200);
  assert.equal(arrivalsAt(world, path).length, 5, 'nothing more was sent');
}
