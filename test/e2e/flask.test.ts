/** The receiver that people write in Python: it must need nothing but `hmac` and the raw body. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChild } from '../support/child.ts';
import { waitUntil } from '../support/wait-until.ts';
import { serverFor } from './call.ts';

const APP = fileURLToPath(new URL('./flask_app.py', import.meta.url));
const EVENTS = 200;
const SECRET = 'the secret both sides know';

/** The system's own Python first: that is where a distribution puts its Flask. */
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import flask']).status === 0,
);
const skip = python === undefined && 'no python3 with Flask on this machine';

interface Seen {
  readonly webhook_id: string;
  readonly event_type: string;
  readonly task_id: string;
  readonly status: string;
}

function byId(a: Seen, b: Seen): number {
  return a.webhook_id.localeCompare(b.webhook_id);
}

async function startFlask(t: TestContext): Promise<string> {
  const flask = await startChild(python ?? '', [APP], { env: { WEBHOOK_SECRET: SECRET } });
  t.after(() => flask.kill('SIGKILL'));
  const { groups } = await flask.says(/listening on (?<url>http:\S+)/);
  return groups?.['url'] ?? '';
}

test('a Flask receiver verifies and gets every one of 200 events', { skip }, async (t) => {
  const [flask, server] = await Promise.all([startFlask(t), serverFor(t)]);
  await server.client.subscriptions.create({
    event_type: 'task.*',
    target_url: `${flask}/webhooks/agent-task-updates`,
    secret: SECRET,
  });
  const published = await Promise.all(
    Array.from({ length: EVENTS }, async (_, index) => {
      const task = { task_id: `task_${index}`, status: index % 2 === 0 ? 'success' : 'failed' };
      const event = { event_type: 'task.completed', ...task, data: { note: `№ ${index} ✓` } };
      const { id } = await server.client.events.publish(event);
      return { webhook_id: id, event_type: 'task.completed', ...task };
    }),
  );
  const seen = await waitUntil(
    async () => {
      const list: unknown = await (await fetch(`${flask}/seen`)).json();
      return Array.isArray(list) && list.length >= EVENTS && list;
    },
    { what: `${EVENTS} events in Flask`, deadlineMs: 20_000, context: () => server.output() },
  );
  assert.deepEqual(seen.toSorted(byId), published.toSorted(byId));
  await waitUntil(
    async () => {
      const event = await server.client.events.get(published.at(-1)?.webhook_id ?? '');
      return event.deliveries.delivered === 1;
    },
    { what: 'the last delivery to be recorded' },
  );
});

test('the 403 of a Flask receiver is a visible failed attempt', { skip }, async (t) => {
  const [flask, server] = await Promise.all([startFlask(t), serverFor(t)]);
  await server.client.subscriptions.create({
    event_type: 'task.completed',
    target_url: `${flask}/webhooks/agent-task-updates`,
    secret: 'not the secret that the receiver has',
  });
  const event = { event_type: 'task.completed', task_id: 'task_1', status: 'success' };
  const { id } = await server.client.events.publish(event);
  const delivery = await waitUntil(
    async () => {
      const { data } = await server.client.events.deliveries(id).page();
      return data[0]?.attempts === 1 && data[0];
    },
    { what: 'the first attempt', context: () => server.output() },
  );
  assert.equal(delivery.status, 'waiting');
  assert.equal(delivery.reason, 'the receiver answered 403 Forbidden');

  const [attempt] = (await server.client.deliveries.attempts(delivery.id).page()).data;
  assert.ok(attempt);
  assert.equal(attempt.number, 1);
  assert.equal(attempt.outcome, 'failed');
  assert.equal(attempt.failure_reason, 'status');
  assert.equal(attempt.response_status, 403);
  assert.deepEqual(JSON.parse(attempt.response_body ?? ''), { error: 'invalid signature' });
  assert.equal(attempt.next_attempt_at, delivery.next_attempt_at);

  const ended = Date.parse(attempt.started_at) + attempt.duration_ms;
  const waitMs = Date.parse(delivery.next_attempt_at ?? '') - ended;
  // 5 s ± 20 %; some milliseconds pass between the answer and the decision.
  assert.ok(waitMs > 4_000 - 50 && waitMs < 6_000 + 500, `waits ${waitMs} ms`);
  assert.deepEqual(await (await fetch(`${flask}/seen`)).json(), []);
});
