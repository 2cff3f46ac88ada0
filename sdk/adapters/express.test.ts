import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import { providerContract } from '../contract/provider-contract.ts';
import { receiverContract } from '../contract/receiver-contract.ts';
import { listening } from '../contract/serve.ts';
import { TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import { createReceiver } from '../receiver/receiver.ts';

receiverContract({
  name: 'express',
  mount(receiver) {
    const app = express();
    app.post('/hook', receiver.express());
    app.use(express.json());
    return listening(createServer(app));
  },
});

receiverContract({
  name: 'express behind raw()',
  mount(receiver) {
    const app = express();
    app.use(express.raw({ type: '*/*', limit: '1mb' }));
    app.post('/hook', receiver.express());
    return listening(createServer(app));
  },
});

providerContract({
  name: 'express',
  mount(receiver) {
    const app = express();
    const router = express.Router();
    router.all('/hook', receiver.express());
    app.use('/below', router);
    return listening(createServer(app), '/below/hook');
  },
});

for (const [name, parser] of [
  ['json()', express.json()],
  ['text()', express.text({ type: '*/*' })],
  ['urlencoded()', express.urlencoded({ type: '*/*' })],
] as const) {
  test(`express behind ${name}: 500 that says how to mount it, never a verdict`, async () => {
    const receiver = createReceiver({ secret: TEST_SECRET, clock });
    const app = express();
    app.use(parser);
    app.post('/hook', receiver.express());
    const mounted = await listening(createServer(app));
    try {
      const response = await mounted.send(signedEvent('evt_1'));
      assert.equal(response.status, 500);
      const reply = await response.text();
      assert.match(reply, /body_already_parsed.*Mount the receiver above it/);
    } finally {
      await mounted.close();
    }
  });
}

test('express: a parser that was not interested in the content type does no harm', async () => {
  const receiver = createReceiver({ secret: TEST_SECRET, clock });
  const app = express();
  app.use(express.json({ type: 'application/other' }));
  // Express 4 set an empty object here even then.
  app.use((request, _response, next) => {
    request.body = {};
    next();
  });
  app.post('/hook', receiver.express());
  const mounted = await listening(createServer(app));
  try {
    assert.equal((await mounted.send(signedEvent('evt_1'))).status, 200);
  } finally {
    await mounted.close();
  }
});
