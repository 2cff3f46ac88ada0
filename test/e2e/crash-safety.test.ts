/** What keeps an operator from harm at the start: one process on a store, and the right keys. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { BellwireError } from '../../sdk/client/index.ts';
import { FakeReceiver } from '../../src/testing/fake-receiver.ts';
import { startBellwire } from '../support/bellwire.ts';
import { startChild, type Ending } from '../support/child.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn, serverFor } from './call.ts';

const CLI = fileURLToPath(new URL('../../bin/bellwire.ts', import.meta.url));
const MASTER_KEY = Buffer.alloc(32, 'the master key of this file').toString('base64');
const OTHER_MASTER_KEY = Buffer.alloc(32, 'another master key').toString('base64');
const ADMIN_KEY = 'the-admin-key-of-this-file';
const ENDS_WITHIN_MS = 15_000;

/** As of a crash: `    at createServer (file:///…/server.ts:43:24)`. */
const STACK_TRACE = /\n\s+at .+:\d+:\d+/;

type Environment = Readonly<Record<string, string>>;

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwire-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs `bellwire serve` that is expected to refuse, and returns how and with which words. */
async function refusedStart(
  t: TestContext,
  dataDir: string,
  env: Environment,
): Promise<Ending & { readonly output: string }> {
  const child = await startChild(process.execPath, [CLI, 'serve'], {
    env: {
      BELLWIRE_PORT: '0',
      BELLWIRE_DATA: dataDir,
      BELLWIRE_ADMIN_KEY: ADMIN_KEY,
      BELLWIRE_LOG_LEVEL: 'warn',
      ...env,
    },
  });
  t.after(() => child.kill('SIGKILL'));
  const tooLate = setTimeout(() => void child.kill('SIGKILL'), ENDS_WITHIN_MS);
  const ending = await child.ended;
  clearTimeout(tooLate);
  const output = child.output();
  assert.equal(ending.signal, null, `did not end by itself:\n${output}`);
  assert.doesNotMatch(output, STACK_TRACE);
  return { ...ending, output };
}

test('a second server refuses data and port of the first, and does it no harm', async (t) => {
  const first = await serverFor(t, { env: { BELLWIRE_MASTER_KEY: MASTER_KEY } });
  const { port } = new URL(first.url);
  const [sameData, samePort] = await Promise.all([
    refusedStart(t, first.dataDir, { BELLWIRE_MASTER_KEY: MASTER_KEY }),
    refusedStart(t, await temporaryDirectory(t), {
      BELLWIRE_MASTER_KEY: MASTER_KEY,
      BELLWIRE_PORT: port,
    }),
  ]);
  assert.equal(sameData.code, 1);
  assert.match(sameData.output, /another Bellwire is using .+bellwire\.lock/);
  assert.match(sameData.output, /BELLWIRE_DATA/);
  assert.equal(samePort.code, 1);
  assert.match(samePort.output, new RegExp(`127\\.0\\.0\\.1:${port}.+another program`));
  const published = await first.client.events.publish({ event_type: 'still.alive' });
  assert.equal((await first.client.events.get(published.id)).event_type, 'still.alive');
});

interface WrongSettings {
  readonly what: string;
  readonly env: Environment;
  /** Below the temporary directory. */
  readonly data?: string;
  readonly says: RegExp;
}

const WRONG_SETTINGS: readonly WrongSettings[] = [
  {
    what: 'no master key',
    env: {},
    says: /BELLWIRE_MASTER_KEY is not set.+openssl rand -base64 32/,
  },
  {
    what: 'a master key that is too short, which is not repeated',
    env: { BELLWIRE_MASTER_KEY: 'c2hvcnQgYnV0IHNlY3JldA==' },
    says: /^(?!.*c2hvcnQ).*BELLWIRE_MASTER_KEY.+32 bytes/s,
  },
  {
    what: 'all addresses allowed',
    env: { BELLWIRE_MASTER_KEY: MASTER_KEY, BELLWIRE_ALLOW_TARGETS: '0.0.0.0/0:*' },
    says: /BELLWIRE_ALLOW_TARGETS.+0\.0\.0\.0\/0/,
  },
  {
    what: 'data below a file',
    env: { BELLWIRE_MASTER_KEY: MASTER_KEY },
    data: 'a-file/data',
    says: /BELLWIRE_DATA.+a-file/,
  },
];

test('wrong settings end the start with code 2 and a sentence', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'a-file'), 'not a directory');
  await Promise.all(
    WRONG_SETTINGS.map(async ({ what, env, data = what, says }) => {
      const { code, output } = await refusedStart(t, join(directory, data), env);
      assert.equal(code, 2, `${what}: ${output}`);
      assert.match(output, says);
    }),
  );
});

test('the wrong master key for the data is refused; the right one reads it again', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const first = await startBellwire({ dataDir, env: { BELLWIRE_MASTER_KEY: MASTER_KEY } });
  t.after(() => first.stop());
  const { id } = await first.client.subscriptions.create({
    event_type: 'task.completed',
    target_url: 'http://127.0.0.1:9/',
  });
  await first.stop();

  const { code, output } = await refusedStart(t, dataDir, {
    BELLWIRE_MASTER_KEY: OTHER_MASTER_KEY,
  });
  assert.equal(code, 2);
  assert.match(output, /secrets in the store can't be opened/);
  assert.match(output, /BELLWIRE_MASTER_KEY/);
  assert.ok(!output.includes(OTHER_MASTER_KEY) && !output.includes(MASTER_KEY));

  const rotated = `${OTHER_MASTER_KEY},${MASTER_KEY}`;
  const second = await startBellwire({ dataDir, env: { BELLWIRE_MASTER_KEY: rotated } });
  t.after(() => second.stop());
  assert.equal((await second.client.subscriptions.get(id)).status, 'active');
  await waitUntil(async () => /sealed with the first master key now/.test(second.output()), {
    what: 'the secrets to be sealed with the new key',
    context: () => second.output(),
  });
  await second.stop();
  const only = { BELLWIRE_MASTER_KEY: OTHER_MASTER_KEY };
  const third = await startBellwire({ dataDir, env: only });
  t.after(() => third.stop());
  assert.equal((await third.client.subscriptions.get(id)).status, 'active');
});

test('after the master key is lost the subscriptions can be had back, one by one', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const receiver = await FakeReceiver.start();
  t.after(() => receiver.close());
  const first = await startBellwire({ dataDir, env: { BELLWIRE_MASTER_KEY: MASTER_KEY } });
  t.after(() => first.stop());
  const { id } = await first.client.subscriptions.create({
    event_type: 'task.completed',
    target_url: `${receiver.url}/hook`,
  });
  await first.stop();

  const env = { BELLWIRE_MASTER_KEY: OTHER_MASTER_KEY, BELLWIRE_LOST_SECRETS: 'disable' };
  const server = await serverFor(t, { dataDir, env });
  const { client } = server;
  const locked = await client.subscriptions.get(id);
  assert.equal(locked.status, 'disabled');
  assert.match(locked.disabled_reason ?? '', /^secret_unavailable: /);
  assert.match(server.output(), new RegExp(`${id}.*secrets can not be opened`));
  const event = await client.events.publish({ event_type: 'task.completed' });
  const refused = await client.subscriptions.resume(id).catch((error: unknown) => error);
  assert.ok(refused instanceof BellwireError);
  assert.equal(refused.code, 'secret_unavailable');

  const { secret } = await client.subscriptions.rotateSecret(id);
  assert.equal((await client.subscriptions.resume(id)).status, 'active');
  const [request] = await receiver.waitFor(1);
  assert.equal(request?.headers['webhook-id'], event.id, 'what was held is delivered');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  assert.doesNotThrow(() => new Webhook(secret).verify(request.body, headers));
});

test('dev keeps its generated keys to their owner and across a restart', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const env = { BELLWIRE_ADMIN_KEY: '' };
  const first = await startBellwire({ mode: 'dev', dataDir, env });
  t.after(() => first.stop());
  const adminKey = /Admin key:\s+(\S+)/.exec(first.output())?.[1] ?? '';
  assert.match(adminKey, /^\S{32,}$/);
  const modes = ['admin-key', 'master-key'].map((name) => statSync(join(dataDir, name)).mode);
  assert.deepEqual(
    modes.map((mode) => mode & 0o777),
    [0o600, 0o600],
  );
  const created = await call({ url: first.url, adminKey }, '/v1/webhooks/subscriptions', {
    body: { event_type: 'a.b', target_url: 'http://127.0.0.1:9/' },
  });
  assert.equal(created.status, 201, created.text);
  await first.stop();
  const second = await startBellwire({ mode: 'dev', dataDir, env });
  t.after(() => second.stop());
  const path = `/v1/webhooks/subscriptions/${String(objectIn(created)['id'])}`;
  assert.equal((await call({ url: second.url, adminKey }, path)).status, 200);
});
