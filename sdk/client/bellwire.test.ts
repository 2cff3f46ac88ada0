import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bellwire } from './bellwire.ts';
import { fakeApi } from './fake-api.ts';
import type { Answer, Asked, FakeApi } from './fake-api.ts';

const PAGES: Record<string, object> = {
  none: { data: [{ id: 'a' }, { id: 'b' }], next_cursor: 'c 1' },
  'c 1': { data: [], next_cursor: 'c2' },
  c2: { data: [{ id: 'c' }], next_cursor: null },
};

async function withApi(
  answer: (asked: Asked, number: number) => Answer,
  run: (bellwire: Bellwire, api: FakeApi) => Promise<void>,
): Promise<void> {
  const api = await fakeApi(answer);
  try {
    await run(new Bellwire({ baseUrl: api.baseUrl, apiKey: 'bw_key', tenant: 'acme' }), api);
  } finally {
    await api.close();
  }
}

function keyOf(request: Asked | undefined): unknown {
  return request?.headers['idempotency-key'];
}

function pageOf({ url }: Asked): Answer {
  return { json: PAGES[new URL(url, 'http://x').searchParams.get('cursor') ?? 'none'] };
}

test('publish sends the event with key, tenant and a fresh idempotency key', async () => {
  const answer = { id: 'evt_1', event_type: 'a.b', deliveries: 1, duplicate: false };
  await withApi(
    () => ({ status: 202, json: answer }),
    async (bellwire, { asked }) => {
      const event = { event_type: 'a.b', data: { ok: true }, task_id: 't' };
      assert.deepEqual(await bellwire.events.publish(event), answer);
      await bellwire.events.publish(event);
      await bellwire.events.publish(event, { idempotencyKey: 'mine' });
      await bellwire.events.publishBatch([event]);
      const [first, second, third, batch] = asked;
      assert.equal(`${first?.method} ${first?.url}`, 'POST /v1/events');
      assert.deepEqual(JSON.parse(first?.body ?? ''), event);
      assert.equal(first?.headers.authorization, 'Bearer bw_key');
      assert.equal(first?.headers['bellwire-tenant'], 'acme');
      assert.equal(first?.headers['content-type'], 'application/json');
      assert.match(String(keyOf(first)), /^[0-9a-f-]{36}$/);
      assert.notEqual(keyOf(first), keyOf(second));
      assert.equal(keyOf(third), 'mine');
      assert.deepEqual(JSON.parse(batch?.body ?? ''), [event]);
      assert.match(String(keyOf(batch)), /^[0-9a-f-]{36}$/);
    },
  );
});

const CALLS: [(bellwire: Bellwire) => Promise<unknown>, string][] = [
  [(b) => b.events.publishBatch([{ event_type: 'a' }]), 'POST /v1/events/batch'],
  [(b) => b.events.broadcast({ event_type: 'a' }), 'POST /v1/events/broadcast'],
  [(b) => b.events.get('a/../b?c#d'), 'GET /v1/events/a%2F..%2Fb%3Fc%23d'],
  [(b) => b.events.list({ event_type: 'a&b' }).page(), 'GET /v1/events?event_type=a%26b'],
  [(b) => b.events.deliveries('e').page(), 'GET /v1/events/e/deliveries'],
  [(b) => b.subscriptions.create({ event_type: 'a' }), 'POST /v1/webhooks/subscriptions'],
  [(b) => b.subscriptions.get('s'), 'GET /v1/webhooks/subscriptions/s'],
  [(b) => b.subscriptions.list().page(), 'GET /v1/webhooks/subscriptions'],
  [(b) => b.subscriptions.update('s', { name: 'n' }), 'PATCH /v1/webhooks/subscriptions/s'],
  [(b) => b.subscriptions.delete('s'), 'DELETE /v1/webhooks/subscriptions/s'],
  [(b) => b.subscriptions.pause('s'), 'POST /v1/webhooks/subscriptions/s/pause'],
  [(b) => b.subscriptions.resume('s'), 'POST /v1/webhooks/subscriptions/s/resume'],
  [(b) => b.subscriptions.test('s'), 'POST /v1/webhooks/subscriptions/s/test'],
  [(b) => b.subscriptions.testFilter({}, { event_type: 'a' }), 'POST /v1/filters/test'],
  [(b) => b.subscriptions.testTransform('$', { event_type: 'a' }), 'POST /v1/transforms/test'],
  [(b) => b.subscriptions.health('s'), 'GET /v1/webhooks/subscriptions/s/health'],
  [(b) => b.subscriptions.verify('s'), 'POST /v1/webhooks/subscriptions/s/verify'],
  [(b) => b.subscriptions.rotateSecret('s'), 'POST /v1/webhooks/subscriptions/s/rotate-secret'],
  [(b) => b.deliveries.get('d'), 'GET /v1/deliveries/d'],
  [(b) => b.deliveries.list({ status: 'held' }).page(), 'GET /v1/deliveries?status=held'],
  [(b) => b.deliveries.attempts('d').page('x'), 'GET /v1/deliveries/d/attempts?cursor=x'],
  [(b) => b.deliveries.resend('d'), 'POST /v1/deliveries/d/resend'],
  [(b) => b.deliveries.cancel('d'), 'POST /v1/deliveries/d/cancel'],
  [(b) => b.events.cancel('e'), 'POST /v1/events/e/cancel'],
  [(b) => b.subscriptions.recover('s'), 'POST /v1/webhooks/subscriptions/s/recover'],
  [(b) => b.replays.create({ task_id: 't' }), 'POST /v1/replays'],
  [(b) => b.replays.get('r'), 'GET /v1/replays/r'],
  [(b) => b.replays.list({ limit: 5 }).page(), 'GET /v1/replays?limit=5'],
  [(b) => b.replays.cancel('r'), 'POST /v1/replays/r/cancel'],
  [(b) => b.eventTypes.create({ name: 'a.b' }), 'POST /v1/event-types'],
  [(b) => b.eventTypes.get('a/b'), 'GET /v1/event-types/a%2Fb'],
  [(b) => b.eventTypes.list({ deprecated: true }).page(), 'GET /v1/event-types?deprecated=true'],
  [(b) => b.eventTypes.update('a', { group: null }), 'PATCH /v1/event-types/a'],
  [(b) => b.eventTypes.delete('a'), 'DELETE /v1/event-types/a'],
  [(b) => b.eventTypes.export(), 'GET /v1/event-types/export?format=openapi'],
  [(b) => b.eventTypes.import({ document: {} }), 'POST /v1/event-types/import'],
  [(b) => b.eventTypes.settings(), 'GET /v1/event-types/settings'],
  [
    (b) => b.eventTypes.updateSettings({ unknown_event_types: 'warn' }),
    'PATCH /v1/event-types/settings',
  ],
  [(b) => b.apiKeys.create({ name: 'n' }), 'POST /v1/api-keys'],
  [(b) => b.apiKeys.list({ limit: 5 }).page(), 'GET /v1/api-keys?limit=5'],
  [(b) => b.apiKeys.revoke('k'), 'DELETE /v1/api-keys/k'],
  [(b) => b.tenants.create({ name: 't' }), 'POST /v1/tenants'],
  [(b) => b.tenants.get('t'), 'GET /v1/tenants/t'],
  [(b) => b.tenants.list().page(), 'GET /v1/tenants'],
  [(b) => b.tenants.update('t', { redact: [] }), 'PATCH /v1/tenants/t'],
  [(b) => b.tenants.delete('t'), 'DELETE /v1/tenants/t'],
];

test('every call asks for its route, with ids that can lead nowhere else', async () => {
  await withApi(
    () => ({ json: {} }),
    async (bellwire, { asked }) => {
      for (const [call, route] of CALLS) {
        await call(bellwire);
        const last = asked.at(-1);
        assert.equal(`${last?.method} ${last?.url}`, route);
      }
    },
  );
});

test('ids that would change the path are refused before anything is sent', async () => {
  await withApi(
    () => ({ json: {} }),
    async (bellwire, { asked }) => {
      for (const id of ['', '.', '..']) {
        assert.throws(() => bellwire.events.get(id), TypeError);
      }
      assert.equal(asked.length, 0);
    },
  );
});

test('a list is looped over through all pages, empty ones included', async () => {
  await withApi(pageOf, async (bellwire, { asked }) => {
    const list = bellwire.events.list({ limit: 2 });
    const ids: string[] = [];
    for await (const event of list) ids.push(event.id);
    assert.deepEqual(ids, ['a', 'b', 'c']);
    const urls = ['?limit=2', '?limit=2&cursor=c+1', '?limit=2&cursor=c2'];
    assert.deepEqual(
      asked.map(({ url }) => url),
      urls.map((query) => `/v1/events${query}`),
    );
  });
});

test('a loop that is left early asks for no further page, and a new loop begins anew', async () => {
  await withApi(pageOf, async (bellwire, { asked }) => {
    const list = bellwire.deliveries.list();
    for (const round of [1, 2]) {
      for await (const delivery of list) {
        assert.equal(delivery.id, 'a');
        break;
      }
      assert.equal(asked.length, round);
    }
  });
});

test('a list can begin at a cursor, and pages can be had one by one', async () => {
  await withApi(pageOf, async (bellwire) => {
    const list = bellwire.subscriptions.list({ cursor: 'c 1' });
    const sizes: number[] = [];
    for await (const page of list.pages()) sizes.push(page.data.length);
    assert.deepEqual(sizes, [0, 1]);
    assert.deepEqual(await list.page('c2'), PAGES.c2);
  });
});

test('an answer without content is no error', async () => {
  await withApi(
    () => ({ status: 204 }),
    async (bellwire) => {
      assert.equal(await bellwire.subscriptions.delete('s'), undefined);
      assert.equal(await bellwire.apiKeys.revoke('k'), undefined);
    },
  );
});

test('a base URL may end in slashes or hold a path; one that is none is refused', async () => {
  await withApi(
    () => ({ json: {} }),
    async (_bellwire, { baseUrl, asked }) => {
      const behindProxy = new Bellwire({ baseUrl: `${baseUrl}/bell//`, apiKey: 'k' });
      await behindProxy.events.get('e');
      assert.equal(asked[0]?.url, '/bell/v1/events/e');
      assert.equal(asked[0]?.headers['bellwire-tenant'], undefined);
    },
  );
  assert.throws(() => new Bellwire({ baseUrl: 'not a url', apiKey: 'k' }), TypeError);
});
