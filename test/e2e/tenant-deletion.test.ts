/** A deleted tenant is gone from the disk: looked for in the files of a real server. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bellwire } from '../../sdk/client/index.ts';
import { FakeReceiver } from '../../src/testing/fake-receiver.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call } from './call.ts';

const GONE = 'canary-9b1d7e-gone';
const STAYS = 'canary-9b1d7e-stays';
const EVENTS = 400;

/** Everything of a tenant holds its canary: ids, types, data, notes, targets, keys, answers. */
async function fill(server: RunningBellwire, receiver: FakeReceiver, canary: string) {
  const { url: baseUrl, adminKey: apiKey } = server;
  const client = new Bellwire({ baseUrl, apiKey, tenant: canary });
  const answer = { body: canary, headers: { 'x-canary': canary } };
  // Some fail, and few enough that the breaker stays closed.
  const answers = Array.from({ length: EVENTS }, (_, n) =>
    n % 8 === 0 ? { ...answer, status: 500 } : answer,
  );
  receiver.script(`/${canary}`, answer, ...answers);
  await client.subscriptions.create({
    event_type: '**',
    target_url: `${receiver.url}/${canary}`,
    headers: { 'x-token': canary },
    metadata: { canary },
  });
  await client.apiKeys.create({ name: canary, scopes: ['events:write'] });
  const batch = Array.from({ length: EVENTS / 4 }, (_, n) => ({
    event_type: `${canary}.t${n % 5}`,
    data: { canary, padding: 'x'.repeat(n * 50) },
    task_id: canary,
    metadata: { canary },
  }));
  for (let n = 0; n < 4; n += 1) {
    await client.events.publishBatch(
      batch.map((event, i) => ({ ...event, id: `${canary}-${n}-${i}` })),
    );
  }
  return client;
}

async function occurrences(directory: string, text: string): Promise<number> {
  let found = 0;
  for (const name of await readdir(directory)) {
    const bytes = await readFile(join(directory, name));
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) found += 1;
  }
  return found;
}

test('after a deletion, and a crash on the way, no byte of the tenant is left', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'bellwire-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  let server = await startBellwire({ dataDir });
  t.after(() => server.kill9());
  await fill(server, receiver, GONE);
  await fill(server, receiver, STAYS);
  const attempted = (all: readonly { path: string }[]) =>
    all.filter(({ path }) => path === `/${GONE}`).length >= EVENTS / 2;
  await receiver.waitFor(attempted);
  assert.ok((await occurrences(dataDir, GONE)) > EVENTS);
  const reply = await call(server, `/v1/tenants/${GONE}`, { method: 'DELETE' });
  assert.equal(reply.status, 202, reply.text);
  await server.kill9();
  const { adminKey } = server;
  server = await startBellwire({ dataDir, env: { BELLWIRE_ADMIN_KEY: adminKey } });
  await waitUntil(async () => (await call(server, `/v1/tenants/${GONE}`)).status === 404, {
    what: 'the deletion',
    deadlineMs: 30_000,
    context: () => server.output(),
  });
  assert.equal(await occurrences(dataDir, GONE), 0, 'while the server runs');
  const sent = await call(server, '/v1/tenants');
  assert.ok(sent.text.includes(STAYS) && !sent.text.includes(GONE));
  await server.stop();
  assert.equal(await occurrences(dataDir, GONE), 0, 'after it has stopped');
  assert.ok((await occurrences(dataDir, STAYS)) > EVENTS);
});
