import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { PublishResult } from '../../accept/publication.ts';
import { DEFAULT_SOURCE_CHOICES, type Source } from '../../domain/source.ts';
import { eventOutput } from '../events/event-json.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

const PATH = '/v1/webhooks/subscriptions';
const WISH = { event_type: '**', target_url: 'https://example.com/hook' };

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

/** A tenant with a source. */
async function tenantWithSource(name: string) {
  const call = world.as(name);
  await call('GET /v1/events');
  const { number: tenant } = world.deps.tenants.list().find((one) => one.name === name) ?? {};
  assert.ok(tenant !== undefined);
  const settings = { ...DEFAULT_SOURCE_CHOICES, provider: 'github' };
  const source = await world.deps.sources.create({ tenant, settings, secrets: [] });
  return { call, source };
}

/** As its door does it. */
function receive(source: Source, dedupe: string): Promise<PublishResult> {
  const { number, id: sourceId, tenant } = source;
  return new Promise((resolve) => {
    const inbound = { source: number, sourceId, providerEventId: dedupe, dedupe };
    const eventType = 'github.push';
    world.publisher.publish({ tenant, eventType, dataText: '{}', inbound }, resolve);
  });
}

test('a subscription to a source gets what came in there, and nothing else', async () => {
  const { call, source } = await tenantWithSource('one-source');
  const created = await call(`POST ${PATH}`, { json: { ...WISH, source_id: source.id } });
  assert.equal(created.status, 201, created.text);
  assert.equal(created.json['source_id'], source.id);
  const published = await call('POST /v1/events', { json: { event_type: 'a' } });
  assert.equal(published.json['deliveries'], 0);
  const received = await receive(source, 'p1');
  assert.equal(received.kind === 'accepted' && received.deliveries, 1);
});

test('the source of a subscription may be changed, and taken away', async () => {
  const { call, source } = await tenantWithSource('changing');
  const { json } = await call(`POST ${PATH}`, { json: WISH });
  const change = (fields: object) => call(`PATCH ${PATH}/${String(json['id'])}`, { json: fields });
  assert.equal(json['source_id'], null);
  assert.equal((await change({ source_id: source.id })).json['source_id'], source.id);
  assert.equal((await change({ name: 'x' })).json['source_id'], source.id);
  assert.equal((await change({ source_id: null })).json['source_id'], null);
});

test('a source that is not the tenant’s own is refused by name', async () => {
  const { source } = await tenantWithSource('owner');
  const { call, source: former } = await tenantWithSource('stranger');
  await world.deps.sources.remove(former.number);
  const { json } = await call(`POST ${PATH}`, { json: WISH });
  for (const id of [source.id, former.id, 'src_nonsense']) {
    for (const reply of [
      await call(`POST ${PATH}`, { json: { ...WISH, source_id: id } }),
      await call(`PATCH ${PATH}/${String(json['id'])}`, { json: { source_id: id } }),
    ]) {
      assert.equal(reply.status, 422, reply.text);
      const [part] = reply.json['errors'] as Record<string, unknown>[];
      assert.deepEqual([part?.['pointer'], part?.['code']], ['/source_id', 'unknown_source']);
    }
  }
});

test('events are listed by source, and name it, also once it was removed', async () => {
  const { call, source } = await tenantWithSource('lists');
  const received = await receive(source, 'p1');
  await call('POST /v1/events', { json: { event_type: 'a' } });
  await world.deps.sources.remove(source.number);
  const list = async (query: string) => {
    const { json } = await call(`GET /v1/events?${query}`);
    return z.object({ data: z.array(eventOutput) }).parse(json).data;
  };
  const [event, ...others] = await list(`source_id=${source.id}`);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [event?.id, event?.source_id, event?.provider_event_id],
    ['id' in received && received.id, source.id, 'p1'],
  );
  assert.deepEqual(
    (await list('event_type=a')).map(({ source_id: id, provider_event_id: own }) => [id, own]),
    [[null, null]],
  );
  assert.deepEqual(await list('source_id=src_nonsense'), []);
  const { call: other } = await tenantWithSource('lists-other');
  const { json } = await other(`GET /v1/events?source_id=${source.id}`);
  assert.deepEqual(json['data'], []);
});
