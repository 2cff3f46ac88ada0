/** Senders of one's own: the example of the guide, as it stands there. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openApiWorld } from '../testing/api-world.ts';

const GUIDE = new URL('../../../docs/guides/receiving.md', import.meta.url);

test('the custom scheme of the guide works, and what it says of types and ids is so', async (t) => {
  const [, block = ''] = /```json\n(\{\n {2}"provider": "custom"[^`]*)```/.exec(
    await readFile(GUIDE, 'utf8'),
  ) ?? [''];
  const settings = JSON.parse(block) as { secret: string };
  const world = await openApiWorld();
  t.after(() => world.close());
  const call = world.as('acme');
  const made = await call('POST /v1/sources', { json: settings });
  assert.equal(made.status, 201, made.text);
  const body = '{"type":"order/paid","id":"o-1"}';
  const post = (at: string, mac: string) =>
    fetch(String(made.json['url']), {
      method: 'POST',
      body,
      headers: { 'x-timestamp': at, 'x-signature': `sha256=${mac}` },
    });
  const macAt = (at: string) =>
    createHmac('sha256', settings.secret).update(`${at}.${body}`).digest('hex');
  const now = String(Math.floor(Date.now() / 1000));
  const old = String(Math.floor(Date.now() / 1000) - 600);
  assert.equal((await post(now, macAt(now))).status, 200);
  assert.equal((await post(now, macAt(old))).status, 401);
  assert.equal((await post(old, macAt(old))).status, 400);
  const { json } = await call('GET /v1/events');
  const [event] = json['data'] as Record<string, unknown>[];
  assert.deepEqual(
    [event?.['event_type'], event?.['provider_event_id']],
    ['custom.order.paid', 'o-1'],
  );
});

test('a mistake in a custom scheme is named by its place', async (t) => {
  const world = await openApiWorld();
  t.after(() => world.close());
  const scheme = { kind: 'hmac', content: '{timestamp}', signature: { header: 'x' } };
  const json = { provider: 'custom', secret: 'a-secret', config: { scheme } };
  const reply = await world.as('acme')('POST /v1/sources', { json });
  assert.equal(reply.status, 422);
  const [part] = reply.json['errors'] as { pointer: string }[];
  assert.match(part?.pointer ?? '', /^\/config\/scheme\//);
});
