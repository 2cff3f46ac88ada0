/** The examples are run as their README says, against a Bellwire in a process of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBellwire } from './support/bellwire.ts';
import type { RunningBellwire } from './support/bellwire.ts';
import { startChild } from './support/child.ts';
import type { Child } from './support/child.ts';
import { waitUntil } from './support/wait-until.ts';

/** For one step; a machine that is busy with other tests takes its time to start a process. */
const DEADLINE_MS = 30_000;

const SECRET = 'a secret of at least sixteen bytes';

/** The system's own Python first: that is where a distribution puts its Flask. */
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import flask']).status === 0,
);

interface ReceiverExample {
  readonly file: string;
  /** Default: this Node. */
  readonly command?: string;
  /** Why it can't be run here. */
  readonly skip?: string | false;
}

const RECEIVERS: readonly ReceiverExample[] = [
  { file: 'node-receiver/receiver.ts' },
  { file: 'express-receiver/server.ts' },
  { file: 'fastify-receiver/receiver.ts' },
  { file: 'hono-receiver/receiver.ts' },
  {
    file: 'flask-receiver/app.py',
    command: python ?? 'python3',
    skip: python === undefined && 'flask-receiver: no python3 with Flask on this machine',
  },
];

function startExample(
  file: string,
  env: Readonly<Record<string, string>>,
  command = process.execPath,
): Promise<Child> {
  const path = fileURLToPath(new URL(`../examples/${file}`, import.meta.url));
  return startChild(command, [path], { env });
}

interface Mounted {
  readonly child: Child;
  readonly url: string;
}

async function mounted(t: TestContext, { file, command }: ReceiverExample): Promise<Mounted> {
  const child = await startExample(file, { WEBHOOK_SECRET: SECRET, PORT: '0' }, command);
  t.after(() => child.kill('SIGKILL'));
  const [, url = ''] = await child.says(/listening on (http:\S+)/, DEADLINE_MS);
  return { child, url };
}

async function subscribe(t: TestContext, { client }: RunningBellwire, url: string) {
  const { id } = await client.subscriptions.create({
    event_type: 'task.completed',
    target_url: url,
    secret: SECRET,
  });
  t.after(() => client.subscriptions.delete(id));
  return id;
}

async function post(url: string, headers: Record<string, string>): Promise<number> {
  const body = '{"webhook_id":"evt_1","event_type":"task.completed","timestamp":"now"}';
  const type = { 'content-type': 'application/json' };
  return (await fetch(url, { method: 'POST', headers: { ...type, ...headers }, body })).status;
}

function eventsSaid({ child }: Mounted): readonly string[] {
  return child.output().match(/^task\.completed .*$/gm) ?? [];
}

describe('examples', { concurrency: 2 }, () => {
  let bellwire: RunningBellwire;
  before(async () => {
    bellwire = await startBellwire();
  });
  after(() => bellwire.stop());

  for (const example of RECEIVERS) {
    const { file, skip = false } = example;
    test(`${file} takes what Bellwire has signed, and nothing else`, { skip }, async (t) => {
      const receiver = await mounted(t, example);
      assert.equal(await post(receiver.url, {}), 400);
      assert.equal(await post(receiver.url, { 'x-agent-signature': 'ab'.repeat(32) }), 403);
      assert.deepEqual(eventsSaid(receiver), []);

      const subscriptionId = await subscribe(t, bellwire, receiver.url);
      const task = { task_id: `task_${randomUUID()}`, status: 'success' };
      const published = { event_type: 'task.completed', ...task, data: { words: 'é ✓' } };
      const { id } = await bellwire.client.events.publish(published);
      await receiver.child.says(new RegExp(`^task\\.completed ${task.task_id}`, 'm'), DEADLINE_MS);
      const delivery = await waitUntil(
        async () => {
          const { data } = await bellwire.client.events.deliveries(id).page();
          const own = data.find((item) => item.subscription_id === subscriptionId);
          return own?.status === 'delivered' && own;
        },
        {
          what: `${id} to be delivered`,
          deadlineMs: DEADLINE_MS,
          context: () => bellwire.output(),
        },
      );
      assert.equal(delivery.attempts, 1);
    });
  }

  test('agent-publisher publishes its task from start to end', async (t) => {
    const receiver = await mounted(t, { file: 'node-receiver/receiver.ts' });
    await subscribe(t, bellwire, receiver.url);
    const taskId = `task_${randomUUID()}`;
    const env = { BELLWIRE_URL: bellwire.url, BELLWIRE_KEY: bellwire.adminKey, TASK_ID: taskId };
    const publisher = await startExample('agent-publisher/publish.ts', env);
    await receiver.child.says(new RegExp(`^task\\.completed ${taskId} success$`, 'm'), DEADLINE_MS);
    const { code } = await publisher.ended;
    assert.equal(code, 0, publisher.output());
    const { data } = await bellwire.client.events.list({ task_id: taskId }).page();
    assert.deepEqual(
      data.toReversed().map((event) => [event.event_type, event.status]),
      [
        ['task.started', 'running'],
        ['task.progress', 'running'],
        ['task.completed', 'success'],
      ],
    );
  });

  test('agent-publisher says what is wrong with its key', async () => {
    const env = { BELLWIRE_URL: bellwire.url, BELLWIRE_KEY: 'not the key' };
    const publisher = await startExample('agent-publisher/publish.ts', env);
    const { code } = await publisher.ended;
    assert.equal(code, 1);
    assert.match(publisher.output(), /\b401\b/);
  });
});
