import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binaryCloudEventHeaders, structuredCloudEvent } from '../../src/protocol/cloudevents.ts';
import { clock, signed, TEST_SECRET, utf8 } from '../contract/signed-request.ts';
import { createReceiver } from './receiver.ts';
import type { WebhookEvent } from './index.ts';

const EVENT = {
  id: 'evt_1',
  eventType: 'task.completed',
  timestamp: '2026-04-09T12:00:00.000Z',
  taskId: 'tâche 1',
  runId: undefined,
  status: 'success',
  dataText: '{"n":1}',
};
const RECEIVED: WebhookEvent = {
  webhook_id: 'evt_1',
  event_type: 'task.completed',
  timestamp: '2026-04-09T12:00:00.000Z',
  task_id: 'tâche 1',
  status: 'success',
  data: { n: 1 },
};
const SOURCE = 'https://hooks.example.com/tenants/1';

/** What a request is answered with, and what the handler gets of it. */
async function receive(body: string, headers: Record<string, string> = {}, id = 'evt_1') {
  const request = signed(id, utf8(body));
  const events: WebhookEvent[] = [];
  const queue = {
    async push(event: WebhookEvent) {
      events.push(event);
    },
  };
  const receiver = createReceiver({ secret: TEST_SECRET, clock, queue });
  const reply = await receiver.handle({
    headers: { ...request.headers, ...headers },
    readBody: async () => request.body,
  });
  const { reason, detail } = JSON.parse(reply.body);
  return { status: reply.status, reason, detail, event: events[0] };
}

function binaryHeaders(): Record<string, string> {
  const flat = binaryCloudEventHeaders(EVENT, SOURCE);
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])),
  );
}

test('a structured CloudEvent is the same event to a handler', async () => {
  const body = structuredCloudEvent(EVENT, SOURCE);
  for (const type of [
    'application/cloudevents+json',
    'Application/CloudEvents+JSON; charset=utf-8',
  ]) {
    const { status, event } = await receive(body, { 'content-type': type });
    assert.equal(status, 200);
    assert.deepEqual(event, RECEIVED);
  }
});

test('a binary CloudEvent is the same event to a handler', async () => {
  const { status, event } = await receive(EVENT.dataText, binaryHeaders());
  assert.equal(status, 200);
  assert.deepEqual(event, RECEIVED);
});

test('a thin payload is an event without data, and its link is there', async () => {
  const thin = {
    webhook_id: 'evt_1',
    event_type: 'task.completed',
    timestamp: EVENT.timestamp,
    fetch_url: 'https://hooks.example.com/v1/thin/evt_1?expires=1&signature=2',
  };
  const { status, event } = await receive(JSON.stringify(thin));
  assert.equal(status, 200);
  assert.deepEqual(event, thin);
});

test('what is no CloudEvent is refused with a reason', async () => {
  const structured = { 'content-type': 'application/cloudevents+json' };
  for (const body of ['{"id":"a"}', '[]', 'null', '7', '"x"']) {
    const { status, reason } = await receive(body, structured);
    assert.deepEqual([status, reason], [400, 'not_an_event'], body);
  }
  assert.equal((await receive('{', structured)).reason, 'not_json');
  const { 'ce-type': _type, ...incomplete } = binaryHeaders();
  assert.equal((await receive('{}', incomplete)).reason, 'not_an_event');
  assert.equal((await receive('{', binaryHeaders())).reason, 'not_json');
});

test('a binary CloudEvent under another id than the signed one is refused', async () => {
  const { status, detail } = await receive(EVENT.dataText, binaryHeaders(), 'evt_2');
  assert.equal(status, 400);
  assert.equal(detail, 'The headers ce-id and webhook-id differ.');
});
