/** Sources that ask somebody themselves, over a real server, a real store and real HTTP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn, serverFor } from './call.ts';

/** For one step; other tests may keep the machine busy. */
const DEADLINE_MS = 40_000;

const API_KEY = 'canary-4f1d9c-api-key';

async function listen(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

interface Receiver {
  readonly url: string;
  readonly events: Record<string, unknown>[];
}

/** Notes every event once: after a kill one that was under way may be delivered again. */
async function receiver(t: TestContext): Promise<Receiver> {
  const events: Record<string, unknown>[] = [];
  const ids = new Set<unknown>();
  const url = await listen(t, (request, response) => {
    void text(request).then((body) => {
      const event: Record<string, unknown> = JSON.parse(body);
      if (!ids.has(event['webhook_id'])) events.push(event);
      ids.add(event['webhook_id']);
      response.writeHead(204).end();
    });
  });
  return { url, events };
}

async function subscribe(server: RunningBellwire, url: string, type: string): Promise<void> {
  await server.client.subscriptions.create({ event_type: type, target_url: `${url}/hook` });
}

async function makeSource(
  server: RunningBellwire,
  body: unknown,
): Promise<Record<string, unknown>> {
  const reply = await call(server, '/v1/sources', { body });
  assert.equal(reply.status, 201, reply.text);
  assert.ok(!reply.text.includes(API_KEY), 'a credential is shown');
  return objectIn(reply);
}

interface Account {
  balance: number;
  asked: number;
}

async function bank(t: TestContext, account: Account): Promise<string> {
  return listen(t, (request, response) => {
    account.asked += 1;
    const isKnown = request.headers.authorization === `Bearer ${API_KEY}`;
    const body = JSON.stringify({ balance: account.balance });
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(body);
  });
}

const POLL = {
  provider: 'poll',
  credentials: { api_key: API_KEY },
};

function pollConfig(url: string): object {
  return {
    url: `${url}/accounts/{resource}`,
    headers: { authorization: 'Bearer {secret:api_key}' },
    resources: ['acc_1'],
    select: '$.balance',
    interval_seconds: 1,
    budget: { requests: 100, per_seconds: 1 },
  };
}

test('a change over there is an event here, over kill -9 and the time it takes', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'bellwire-poll-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const account = { balance: 1, asked: 0 };
  const url = await bank(t, account);
  const { url: hook, events } = await receiver(t);
  const first = await startBellwire({ dataDir });
  t.after(() => first.kill9());
  await subscribe(first, hook, 'poll.*');
  const { id } = await makeSource(first, { ...POLL, config: pollConfig(url) });
  const statusOf = async (server: RunningBellwire) => {
    const { poll } = objectIn(await call(server, `/v1/sources/${String(id)}`));
    assert.ok(typeof poll === 'object' && poll !== null);
    const status: Record<string, unknown> = { ...poll };
    return status;
  };
  await waitUntil(async () => (await statusOf(first))['seen'] === 1, {
    what: 'the first look',
    deadlineMs: DEADLINE_MS,
  });
  account.balance = 2;
  await waitUntil(() => events.length === 1, {
    what: 'the event',
    deadlineMs: DEADLINE_MS,
    context: () => first.output(),
  });
  await first.kill9();
  account.balance = 3;
  const second = await startBellwire({ dataDir });
  t.after(() => second.stop());
  await waitUntil(() => events.length === 2, {
    what: 'what changed meanwhile',
    deadlineMs: DEADLINE_MS,
  });
  const before = account.asked;
  await waitUntil(() => account.asked >= before + 2, {
    what: 'two more polls',
    deadlineMs: DEADLINE_MS,
  });
  assert.deepEqual(
    events.map(({ event_type: type, source_id: source, trust, data }) => {
      assert.ok(typeof data === 'object' && data !== null && 'value' in data);
      return [type, source, trust, data.value];
    }),
    [
      ['poll.changed', id, 'untrusted', 2],
      ['poll.changed', id, 'untrusted', 3],
    ],
  );
  const status = await statusOf(second);
  assert.equal(status['last_result'], 'unchanged');
  assert.equal(status['failing'], 0);
  assert.ok(!second.output().includes(API_KEY), 'a credential is in the log');
});

test('polls that fail are visible with their reason', async (t) => {
  const server = await serverFor(t);
  const url = await bank(t, { balance: 1, asked: 0 });
  const config = { ...pollConfig(url), headers: {} };
  const { id } = await makeSource(server, { provider: 'poll', config });
  const shown = await waitUntil(
    async () => {
      const { text: body } = await call(server, `/v1/sources/${String(id)}`);
      return body.includes('401 Unauthorized') && body;
    },
    { what: 'the reason', deadlineMs: DEADLINE_MS },
  );
  assert.match(shown, /"failing":1/);
  assert.match(shown, /"url":null/);
});

test('what a poll source may not be is refused with its place', async (t) => {
  const server = await serverFor(t);
  for (const [config, place] of [
    [{}, '/config/url'],
    [{ url: 'https://10.0.0.1/' }, '/config/url'],
    [{ url: 'https://api.example/', select: 'x' }, '/config/select'],
    [{ url: 'https://api.example/', headers: { a: '{secret:nobody}' } }, '/config/headers/a'],
  ] as const) {
    const { status, text: body } = await call(server, '/v1/sources', { body: { ...POLL, config } });
    assert.equal(status, 422, body);
    assert.ok(body.includes(`"pointer":"${place}"`), body);
  }
});

test('a thin event is fetched, and what arrives has its object', async (t) => {
  const server = await serverFor(t);
  const { url: hook, events } = await receiver(t);
  await subscribe(server, hook, 'none.*');
  const keys: (string | undefined)[] = [];
  const url = await listen(t, (request, response) => {
    keys.push(request.headers['x-api-key']?.toString());
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ path: request.url, output: 'forty-two' }));
  });
  const source = await makeSource(server, {
    provider: 'none',
    allow_unsigned: true,
    credentials: { api_key: API_KEY },
    config: {
      event_type: 'none.response_done',
      hydrate: {
        url: `${url}/v1/responses/{json:data.id}`,
        headers: { 'x-api-key': '{secret:api_key}' },
      },
    },
  });
  const sent = await fetch(String(source['url']), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"id":"evt_9","data":{"id":"resp_1"}}',
  });
  assert.equal(sent.status, 200, await sent.text());
  await waitUntil(() => events.length === 1, {
    what: 'the event',
    deadlineMs: DEADLINE_MS,
    context: () => server.output(),
  });
  const { data } = events[0] ?? {};
  assert.ok(typeof data === 'object' && data !== null && 'hydration' in data);
  const { hydration } = data;
  assert.ok(typeof hydration === 'object' && hydration !== null && 'object' in hydration);
  assert.deepEqual(hydration.object, { path: '/v1/responses/resp_1', output: 'forty-two' });
  assert.deepEqual(keys, [API_KEY]);
  const { text: list } = await call(server, '/v1/webhooks/subscriptions');
  assert.ok(!list.includes('hydrat'), list);
  assert.ok(!server.output().includes(API_KEY), 'a credential is in the log');
});
