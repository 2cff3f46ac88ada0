import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { DEFAULT_SOURCE_CHOICES } from '../../domain/source.ts';
import {
  batch as commitOf,
  inboundRecord,
  newEvent,
  pollState,
} from '../../storage/contract/factories.ts';
import { StorageError } from '../../storage/storage.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

type Line = Record<string, unknown> & { type: string };

let world: ApiWorld;
let call: Call;
before(async () => {
  world = await openApiWorld();
  call = world.as('default');
});
after(() => world.close());

function parse(text: string): Line[] {
  assert.ok(text.endsWith('\n'));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function ofType(lines: readonly Line[], type: string): Line[] {
  return lines.filter((line) => line.type === type);
}

/** A tenant with events of three types, of which some were delivered and some failed. */
async function fill(name: string, events: number): Promise<Call> {
  const mine = world.as(name);
  const target = 'https://example.com/';
  const headers = { authorization: 'Bearer top-secret' };
  const subscription = {
    event_type: 'a.*',
    target_url: target,
    secret: 'a secret of mine',
    headers,
  };
  await mine('POST /v1/webhooks/subscriptions', { json: subscription });
  await world.withScopes(name, ['events:read']);
  const batch = Array.from({ length: events }, (_, n) => ({
    event_type: `a.t${n % 3}`,
    data: { n },
  }));
  const reply = await mine('POST /v1/events/batch', { json: batch });
  const results = reply.json['data'] as { id: string }[];
  for (const { id } of results) await world.receiver.attemptOf(id);
  await mine('GET /v1/events');
  return mine;
}

async function exported(name: string, query = ''): Promise<Line[]> {
  const reply = await call(`GET /v1/tenants/${name}/export${query}`);
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers.get('content-type'), 'application/x-ndjson');
  return parse(reply.text);
}

test('an export holds all that the tenant has, and no secret', async () => {
  await fill('whole', 50);
  await fill('other', 5);
  const lines = await exported('whole');
  const [first] = lines;
  assert.deepEqual([first?.type, first?.['name']], ['tenant', 'whole']);
  const [subscription] = ofType(lines, 'subscription');
  const shown = await world.as('whole')('GET /v1/webhooks/subscriptions');
  assert.deepEqual(
    [{ ...subscription, type: undefined }],
    [{ ...(shown.json['data'] as object[])[0], type: undefined }],
  );
  const events = ofType(lines, 'event');
  assert.deepEqual(
    events.map(({ data }) => (data as { n: number }).n).toSorted((a, b) => a - b),
    Array.from({ length: 50 }, (_, n) => n),
  );
  for (const event of events.slice(0, 3)) {
    const { type: _type, ...rest } = event;
    const read = await world.as('whole')(`GET /v1/events/${String(event['id'])}`);
    assert.deepEqual(rest, read.json);
  }
  const deliveries = ofType(lines, 'delivery');
  assert.deepEqual(
    new Set(deliveries.map((line) => line['event_id'])),
    new Set(events.map((line) => line['id'])),
  );
  assert.equal(ofType(lines, 'api_key').length, 1);
  const last = lines.at(-1);
  assert.deepEqual(last, {
    type: 'summary',
    subscriptions: 1,
    sources: 0,
    poll_states: 0,
    api_keys: 1,
    events: 50,
    deliveries: 50,
    attempts: ofType(lines, 'attempt').length,
    inbound_requests: 0,
  });
  const text = JSON.stringify(lines);
  assert.ok(!text.includes('a secret of mine') && !text.includes('top-secret'), 'a secret');
});

test('an export holds sources, what they remember, and requests without an event', async () => {
  await fill('receiving', 1);
  const { number: tenant } =
    world.deps.tenants.list().find(({ name }) => name === 'receiving') ?? {};
  assert.ok(tenant !== undefined);
  const settings = { ...DEFAULT_SOURCE_CHOICES, provider: 'github' };
  const secrets = ['a secret of the source'];
  const source = await world.deps.sources.create({ tenant, settings, secrets });
  await world.storage.pollStates.save([pollState({ tenant, source: source.number })]);
  const next = () => ({ sequence: world.storage.sequences.next(), tenant, source: source.number });
  const event = newEvent({ ...next(), matched: [] });
  const inbound = Array.from({ length: 40 }, () => inboundRecord(next()));
  const more = inboundRecord(next());
  const handshake = { ...more, status: 'handshake' } as const;
  await world.storage.journal.commit(
    commitOf({ events: [event], inbound: [...inbound, handshake] }),
  );
  const lines = await exported('receiving');
  assert.deepEqual(
    ofType(lines, 'source').map(({ id, provider }) => [id, provider]),
    [[source.id, 'github']],
  );
  const [state] = ofType(lines, 'poll_state');
  assert.deepEqual([state?.['source_id'], state?.['state']], [source.id, '{"etag":"1"}']);
  const requests = ofType(lines, 'inbound_request');
  assert.equal(requests.filter(({ status }) => status === 'rejected').length, 40);
  assert.equal(requests.length, 41);
  assert.ok(requests.every((line) => line['source_id'] === source.id));
  const summary = lines.at(-1) ?? assert.fail();
  const counted = ['sources', 'poll_states', 'inbound_requests'].map((name) => summary[name]);
  assert.deepEqual(counted, [1, 1, 41]);
  assert.ok(!JSON.stringify(lines).includes('a secret of the source'));
});

test('an export goes on behind any of its cursors', async () => {
  await fill('broken', 100);
  const whole = await exported('broken');
  const ids = new Set(ofType(whole, 'event').map(({ id }) => id));
  const cursors = ofType(whole, 'cursor');
  assert.ok(cursors.length >= 3);
  for (const line of cursors) {
    const had = whole.slice(0, whole.indexOf(line));
    const rest = await exported('broken', `?cursor=${String(line['cursor'])}`);
    const both = [...ofType(had, 'event'), ...ofType(rest, 'event')].map(({ id }) => id);
    assert.equal(both.length, ids.size);
    assert.deepEqual(new Set(both), ids);
    assert.equal(ofType(rest, 'subscription').length, 0);
    assert.equal(rest.at(-1)?.['events'], ofType(rest, 'event').length);
  }
  const wrong = await call('GET /v1/tenants/broken/export?cursor=x');
  assert.deepEqual([wrong.status, wrong.json['code']], [422, 'validation_failed']);
});

test('events that come in meanwhile are left out', async () => {
  const mine = await fill('busy', 40);
  const whole = await exported('busy');
  const [cursor] = ofType(whole, 'cursor');
  await mine('POST /v1/events', { json: { event_type: 'zzz' } });
  const rest = await exported('busy', `?cursor=${String(cursor?.['cursor'])}`);
  assert.ok(!ofType(rest, 'event').some((event) => event['event_type'] === 'zzz'));
  assert.equal(ofType(await exported('busy'), 'event').length, 41);
});

test('an error on the way is the last line, with a cursor to go on from', async () => {
  await fill('failing', 60);
  const { tenantData } = world.storage;
  const events = tenantData.events.bind(tenantData);
  let reads = 0;
  tenantData.events = (tenant, query) => {
    reads += 1;
    return reads === 3 ? Promise.reject(new StorageError('busy', 'later')) : events(tenant, query);
  };
  const lines = await exported('failing');
  tenantData.events = events;
  const error = lines.at(-1);
  assert.equal(error?.type, 'error');
  assert.equal((error['error'] as Record<string, unknown>)['code'], 'unavailable');
  assert.equal(ofType(lines, 'summary').length, 0);
  const rest = await exported('failing', `?cursor=${String(error['cursor'])}`);
  assert.equal(ofType(lines, 'event').length + ofType(rest, 'event').length, 60);
  assert.ok(world.errors.pop() instanceof StorageError);
});

test('a client that reads slowly holds the export back', async () => {
  const mine = world.as('large');
  const data = 'x'.repeat(900_000);
  for (let n = 0; n < 30; n += 1) {
    await mine('POST /v1/events', { json: { event_type: 'a', data } });
  }
  const { tenantData } = world.storage;
  const events = tenantData.events.bind(tenantData);
  let read = 0;
  tenantData.events = async (tenant, query) => {
    const page = await events(tenant, query);
    read += page.items.length;
    return page;
  };
  const { port, hostname } = new URL(world.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET /v1/tenants/large/export HTTP/1.1\r\nhost: x\r\nconnection: close\r\n` +
      `authorization: Bearer ${world.adminKey}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('readable', resolve));
  // Nothing is taken from here on: the kernel's buffers fill, and then the export waits.
  const other = await mine('GET /v1/events?limit=1');
  assert.equal(other.status, 200);
  assert.ok(read < 30, `${read} events were read for nobody`);
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  tenantData.events = events;
  assert.equal(read, 30);
  assert.ok(received > 30 * data.length);
});

test('only so many exports run at a time, and one that is broken off makes room', async () => {
  await fill('crowd', 3);
  const { tenantData } = world.storage;
  const events = tenantData.events.bind(tenantData);
  const gate = Promise.withResolvers<void>();
  let started = 0;
  const full = Promise.withResolvers<void>();
  tenantData.events = async (tenant, query) => {
    started += 1;
    if (started === 4) full.resolve();
    await gate.promise;
    return events(tenant, query);
  };
  const controller = new AbortController();
  const url = `${world.url}/v1/tenants/crowd/export`;
  const headers = { authorization: `Bearer ${world.adminKey}` };
  const running = Array.from({ length: 4 }, async (_, index) => {
    const signal = index === 0 ? controller.signal : null;
    const response = await fetch(url, { headers, signal });
    return response.text();
  });
  await full.promise;
  const refused = await call('GET /v1/tenants/crowd/export');
  assert.deepEqual([refused.status, refused.json['code']], [503, 'unavailable']);
  assert.equal(refused.headers.get('retry-after'), '10');
  controller.abort();
  gate.resolve();
  const [broken, ...whole] = await Promise.allSettled(running);
  assert.equal(broken?.status, 'rejected');
  for (const one of whole) {
    assert.equal(one.status === 'fulfilled' && parse(one.value).at(-1)?.type, 'summary');
  }
  tenantData.events = events;
  assert.equal((await exported('crowd')).at(-1)?.type, 'summary');
});
