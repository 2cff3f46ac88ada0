import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, signedEvent, TEST_SECRET } from '../contract/signed-request.ts';
import { createReceiver } from './standard.ts';

test('the small receiver takes Bellwire’s own events, and refuses what is not signed', async () => {
  const handled: string[] = [];
  const receiver = createReceiver({
    secret: TEST_SECRET,
    clock,
    on: { 'task.*': ({ webhook_id }) => handled.push(webhook_id) },
  });
  const { headers, body } = signedEvent('evt_1');
  const taken = await receiver.handle({ headers, readBody: async () => body });
  const unsigned = await receiver.handle({ headers: {}, readBody: async () => body });
  await receiver.drain();
  assert.deepEqual([taken.status, unsigned.status, handled], [200, 400, ['evt_1']]);
});

test('a provider is refused with the place where there are some', () => {
  // @ts-expect-error -- what somebody without types may pass
  assert.throws(() => createReceiver({ scheme: 'github', secret: 'x' }), /"bellwire\/receiver"/);
});
