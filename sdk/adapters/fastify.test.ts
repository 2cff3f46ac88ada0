import assert from 'node:assert/strict';
import { Transform } from 'node:stream';
import { test } from 'node:test';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { providerContract } from '../contract/provider-contract.ts';
import { receiverContract } from '../contract/receiver-contract.ts';
import type { MountedReceiver } from '../contract/receiver-contract.ts';
import { post } from '../contract/serve.ts';
import { TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import { createReceiver } from '../receiver/receiver.ts';

async function listeningApp(app: FastifyInstance) {
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    origin,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

async function served(app: FastifyInstance): Promise<MountedReceiver> {
  const { origin, close } = await listeningApp(app);
  return { send: (request) => post(`${origin}/hook`, request), close };
}

receiverContract({
  name: 'fastify',
  mount(receiver) {
    const app = fastify();
    app.post('/hook', receiver.fastify());
    return served(app);
  },
});

receiverContract({
  name: 'fastify behind hooks and a parser of its own',
  mount(receiver) {
    const app = fastify();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    app.addHook('preParsing', async (_request, _reply, payload) =>
      payload.pipe(new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) })),
    );
    app.route({ method: 'POST', url: '/hook', ...receiver.fastify() });
    return served(app);
  },
});

providerContract({
  name: 'fastify',
  async mount(receiver) {
    const app = fastify();
    app.register(async (below) => void below.all('/hook', receiver.fastify()), {
      prefix: '/below',
    });
    const { origin, close } = await listeningApp(app);
    return { url: `${origin}/below/hook`, close };
  },
});

test('fastify: the other routes of the application still get parsed bodies', async () => {
  const app = fastify();
  app.post('/hook', createReceiver({ secret: TEST_SECRET, clock }).fastify());
  app.post('/other', (request, reply) => reply.send(request.body));
  const answer = await app.inject({ method: 'POST', url: '/other', payload: { a: 1 } });
  assert.deepEqual(answer.json(), { a: 1 });
  await app.close();
});

test('fastify: the handler alone is 500 with advice behind a JSON parser', async () => {
  const app = fastify();
  app.post('/hook', createReceiver({ secret: TEST_SECRET, clock }).fastify().handler);
  const mounted = await served(app);
  const response = await mounted.send(signedEvent('evt_1'));
  assert.equal(response.status, 500);
  assert.match(await response.text(), /app\.post\(path, receiver\.fastify\(\)\)/);
  await mounted.close();
});

test('fastify: the handler alone works where the application parses to a buffer', async () => {
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/hook', createReceiver({ secret: TEST_SECRET, clock }).fastify().handler);
  const mounted = await served(app);
  assert.equal((await mounted.send(signedEvent('evt_1'))).status, 200);
  await mounted.close();
});
