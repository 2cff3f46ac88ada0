import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { providerContract } from '../contract/provider-contract.ts';
import { receiverContract } from '../contract/receiver-contract.ts';
import { signal } from '../contract/signal.ts';
import { listening } from '../contract/serve.ts';
import { TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import { createReceiver } from '../receiver/receiver.ts';

receiverContract({
  name: 'node:http',
  mount: (receiver) => listening(createServer(receiver.node())),
});

providerContract({
  name: 'node:http',
  mount: (receiver) => listening(createServer(receiver.node())),
});

test('node:http: a request that was read before is 500 with advice', async () => {
  const handler = createReceiver({ secret: TEST_SECRET, clock }).node();
  const readFirst = (request: IncomingMessage, response: ServerResponse) => {
    request.resume().on('end', () => handler(request, response));
  };
  const mounted = await listening(createServer(readFirst));
  try {
    const response = await mounted.send(signedEvent('evt_1'));
    assert.equal(response.status, 500);
    assert.match(await response.text(), /untouched/);
  } finally {
    await mounted.close();
  }
});

test('node:http: a sender that hangs up midway leaves nothing behind', async () => {
  const warned: unknown[] = [];
  const refused = signal();
  const logger = {
    warn(facts: Readonly<Record<string, unknown>>) {
      warned.push(facts.reason);
      refused.give();
    },
  };
  const receiver = createReceiver({ secret: TEST_SECRET, clock, logger });
  const server = createServer(receiver.node());
  const mounted = await listening(server);
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { headers, body } = signedEvent('evt_1');
  const lengths = { 'content-length': String(body.length) };
  const half = httpRequest({
    port: address.port,
    method: 'POST',
    headers: { ...headers, ...lengths },
  });
  half.on('error', () => {});
  server.once('request', () => half.destroy());
  half.write(body.subarray(0, 10));
  await refused.given;
  await mounted.close();
  assert.deepEqual(warned, ['body_unreadable']);
});

test('node:http: an answer that someone else has given stays the only one', async () => {
  const answered = signal();
  const queue = { push: () => answered.given };
  const handler = createReceiver({ secret: TEST_SECRET, clock, queue }).node();
  const impatient = (request: IncomingMessage, response: ServerResponse) => {
    handler(request, response);
    request.on('end', () => {
      response.writeHead(504).end('too slow', () => answered.give());
    });
  };
  const mounted = await listening(createServer(impatient));
  try {
    assert.equal((await mounted.send(signedEvent('evt_1'))).status, 504);
    // Were a second answer tried, its rejection would fail this test file.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  } finally {
    await mounted.close();
  }
});
