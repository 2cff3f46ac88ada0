import assert from 'node:assert/strict';
import { test } from 'node:test';
import { githubRequest } from '../../contract/provider-requests.ts';
import { bytes, providerSetup } from '../../contract/provider-setup.ts';
import { TEST_NOW_MS } from '../../contract/signed-request.ts';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';

test('one has the shape that the server would publish, and the label', async () => {
  const { events, send } = providerSetup({ scheme: 'github' });
  const reply = await send(githubRequest('issues', 'd-1', '{"action":"opened","n":1}'));
  assert.deepEqual(reply, { status: 200, headers: {}, body: '' });
  const [{ webhook_id, ...event } = assert.fail()] = events;
  assert.match(webhook_id, /^evt_[0-9a-f]{32}$/);
  assert.deepEqual(event, {
    event_type: 'github.issues.opened',
    timestamp: new Date(TEST_NOW_MS).toISOString(),
    provider_event_id: 'd-1',
    trust: 'untrusted',
    data: { action: 'opened', n: 1 },
  });
});

test('a form shows its fields and its bytes', async () => {
  const { events, send } = providerSetup({ scheme: 'github' });
  const text = 'payload=%7B%7D&a=1&a=2';
  await send(githubRequest('push', 'd-1', text, 'application/x-www-form-urlencoded'));
  assert.deepEqual(events[0]?.data, {
    content_type: 'application/x-www-form-urlencoded',
    body_base64: btoa(text),
    form: { payload: '{}', a: ['1', '2'] },
  });
});

test('a repeat is answered alike and handed on once; its id outlives a restart', async () => {
  const one = providerSetup({ scheme: 'github' });
  const request = githubRequest('push', 'd-1', '{}');
  for (let count = 0; count < 3; count += 1) assert.equal((await one.send(request)).status, 200);
  await one.send(githubRequest('push', 'd-2', '{}'));
  assert.equal(one.events.length, 2);
  const two = providerSetup({ scheme: 'github' });
  await two.send(request);
  assert.equal(two.events[0]?.webhook_id, one.events[0]?.webhook_id);
  assert.notEqual(one.events[1]?.webhook_id, one.events[0]?.webhook_id);
});

test('config says type and id where the provider does not', async () => {
  const config = { event_type_from: 'json:kind', event_id_from: 'json:key' };
  const { events, send } = providerSetup({ scheme: 'github', config });
  await send(githubRequest('push', 'd-1', '{"kind":"a.b","key":"k"}'));
  // The id stands in what is signed, so that it alone decides.
  await send(githubRequest('push', 'd-2', '{"kind":"other","key":"k"}'));
  assert.deepEqual(
    events.map(({ event_type }) => event_type),
    ['github.a.b'],
  );
  const fixed = providerSetup({ scheme: 'github', config: { event_type: 'code.changed' } });
  await fixed.send(githubRequest('push', 'd-1', '{}'));
  assert.equal(fixed.events[0]?.event_type, 'code.changed');
});

test('a request without a body is told by its headers, without credentials', async () => {
  const { events, send } = providerSetup({ scheme: 'none', secrets: [], allowUnsigned: true });
  await send({
    headers: {
      'x-goog-resource-state': 'exists',
      authorization: 'canary',
      'x-api-key': 'canary',
    },
    body: bytes(''),
  });
  assert.deepEqual(events[0]?.data, {
    headers: {
      'x-goog-resource-state': 'exists',
      authorization: '(hidden)',
      'x-api-key': '(hidden)',
    },
  });
});

test('a queue that refuses burns nothing', async () => {
  let isFull = true;
  const taken: string[] = [];
  const queue = {
    async push({ webhook_id }: WebhookEvent) {
      if (isFull) throw new Error('full');
      taken.push(webhook_id);
    },
  };
  const { send } = providerSetup({ scheme: 'github', queue });
  const request = githubRequest('push', 'd-1', '{}');
  assert.equal((await send(request)).status, 503);
  isFull = false;
  assert.equal((await send(request)).status, 200);
  assert.equal(taken.length, 1);
});
