import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Hono } from 'hono';
import { providerContract } from '../contract/provider-contract.ts';
import { receiverContract } from '../contract/receiver-contract.ts';
import type { OutgoingRequest } from '../contract/receiver-contract.ts';
import { listening } from '../contract/serve.ts';
import { TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import { createReceiver } from '../receiver/receiver.ts';

function postTo(app: Hono, { headers, body }: OutgoingRequest): Promise<Response> {
  const init = { method: 'POST', headers, body, duplex: 'half' } as const;
  return Promise.resolve(app.fetch(new Request('http://receiver.test/hook', init)));
}

receiverContract({
  name: 'hono',
  mount: async (receiver) => {
    const app = new Hono();
    app.post('/hook', receiver.hono());
    return { send: (request) => postTo(app, request), close: async () => {} };
  },
});

/** Hono behind a real server, with the least that turns Node's objects into web ones. */
async function serveWeb(app: Hono, from: IncomingMessage, to: ServerResponse): Promise<void> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(from.headers)) headers.set(name, String(value));
  const body = Readable.toWeb(from) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const response = await postTo(app, { headers: Object.fromEntries(headers), body });
  to.writeHead(response.status, Object.fromEntries(response.headers));
  to.end(await response.text());
}

receiverContract({
  name: 'hono over node:http',
  mount(receiver) {
    const app = new Hono();
    app.post('/hook', receiver.hono());
    return listening(createServer((request, response) => void serveWeb(app, request, response)));
  },
});

providerContract({
  name: 'hono',
  mount: async (receiver) => {
    const app = new Hono();
    app.all('/hook', receiver.hono());
    const url = 'http://receiver.test/hook';
    return { url, fetch: async (request) => app.fetch(request), close: async () => {} };
  },
});

test('hono behind a middleware that parsed the body: 500, never a verdict', async () => {
  const receiver = createReceiver({ secret: TEST_SECRET, clock });
  const app = new Hono();
  app.use(async (context, next) => {
    await context.req.json();
    await next();
  });
  app.post('/hook', receiver.hono());
  const response = await postTo(app, signedEvent('evt_1'));
  assert.equal(response.status, 500);
  assert.match(await response.text(), /body_already_parsed/);
});

test('hono hands a worker’s waitUntil on', async () => {
  const kept: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => kept.push(work),
    passThroughOnException: () => {},
    props: {},
  };
  const app = new Hono();
  const done: string[] = [];
  const on = { '**': (event: { webhook_id: string }) => done.push(event.webhook_id) };
  app.post('/hook', createReceiver({ secret: TEST_SECRET, clock, on }).hono());
  const init = { method: 'POST', ...signedEvent('evt_1') };
  await app.fetch(new Request('http://receiver.test/hook', init), {}, context);
  assert.equal(kept.length, 1);
  await Promise.all(kept);
  assert.deepEqual(done, ['evt_1']);
});
