import assert from 'node:assert/strict';
import { test } from 'node:test';
import { providerContract } from '../contract/provider-contract.ts';
import { receiverContract } from '../contract/receiver-contract.ts';
import { TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import type { OutgoingRequest } from '../contract/receiver-contract.ts';
import { createReceiver } from '../receiver/receiver.ts';

function webRequest({ headers, body }: OutgoingRequest): Request {
  return new Request('http://receiver.test/hook', {
    method: 'POST',
    headers,
    body,
    duplex: 'half',
  });
}

receiverContract({
  name: 'fetch',
  mount: async ({ fetch }) => ({
    send: (request) => fetch(webRequest(request)),
    close: async () => {},
  }),
});

receiverContract({
  name: 'next',
  mount: async (receiver) => {
    const POST = receiver.next();
    return { send: (request) => POST(webRequest(request)), close: async () => {} };
  },
});

for (const adapter of ['fetch', 'next'] as const) {
  providerContract({
    name: adapter,
    mount: async (receiver) => {
      const handler = adapter === 'next' ? receiver.next() : receiver.fetch;
      const url = 'https://receiver.test/hook';
      return { url, fetch: (request) => handler(request), close: async () => {} };
    },
  });
}

test('fetch: a request that was read before is 500 with advice', async () => {
  const receiver = createReceiver({ secret: TEST_SECRET, clock });
  const request = webRequest(signedEvent('evt_1'));
  await request.json();
  const response = await receiver.fetch(request);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /untouched/);
});

test('a worker is kept alive until the handlers are done', async () => {
  const done: string[] = [];
  const kept: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => kept.push(work);
  const on = { '**': (event: { webhook_id: string }) => done.push(event.webhook_id) };
  const perRequest = createReceiver({ secret: TEST_SECRET, clock, on });
  await perRequest.fetch(webRequest(signedEvent('evt_1')), { waitUntil });
  const forAll = createReceiver({ secret: TEST_SECRET, clock, on, waitUntil });
  await forAll.next()(webRequest(signedEvent('evt_2')));
  assert.equal(kept.length, 2);
  await Promise.all(kept);
  assert.deepEqual(done.toSorted(), ['evt_1', 'evt_2']);
});
