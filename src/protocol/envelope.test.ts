import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { buildEnvelope, envelopeDataText, parseEnvelope, readEnvelope } from './envelope.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const base = { id: 'evt_1', eventType: 'task.completed', timestamp: '2026-04-09T12:00:00.000Z' };

test('the members stand in the documented order, data last', () => {
  const full = { ...base, taskId: 't', runId: 'r', status: 'success', dataText: '{"b":1,"a":2}' };
  assert.equal(
    buildEnvelope(full),
    '{"webhook_id":"evt_1","event_type":"task.completed","timestamp":"2026-04-09T12:00:00.000Z",' +
      '"task_id":"t","status":"success","run_id":"r","data":{"b":1,"a":2}}',
  );
  assert.equal(
    buildEnvelope({ ...base, dataText: '{}' }),
    '{"webhook_id":"evt_1","event_type":"task.completed","timestamp":"2026-04-09T12:00:00.000Z",' +
      '"data":{}}',
  );
});

test('what came in through a source says so, and that nobody should obey it', () => {
  const inbound = { ...base, sourceId: 'src_1', providerEventId: 'p"1', dataText: '{"a":1}' };
  const body = buildEnvelope(inbound);
  assert.equal(
    body,
    '{"webhook_id":"evt_1","event_type":"task.completed","timestamp":"2026-04-09T12:00:00.000Z",' +
      '"source_id":"src_1","provider_event_id":"p\\"1","trust":"untrusted","data":{"a":1}}',
  );
  const { taskId, runId, status, ...read } = readEnvelope(body);
  assert.deepEqual({ taskId, runId, status }, { taskId: undefined, runId: undefined, status });
  assert.deepEqual(read, inbound);
  const parsed = parseEnvelope(bytes(body));
  assert.ok(parsed.ok);
  assert.equal(parsed.event.trust, 'untrusted');
  const unnamed = buildEnvelope({ ...base, sourceId: 'src_1', dataText: '{}' });
  assert.equal(readEnvelope(unnamed).providerEventId, undefined);
  assert.ok(!unnamed.includes('provider_event_id'));
  assert.equal(parseEnvelope(bytes(unnamed.replace('"src_1"', '7'))).ok, false);
});

test('any strings and any data survive, and the data text is byte-identical', () => {
  const text = fc.string({ unit: 'binary' });
  const optional = fc.option(text, { nil: undefined });
  const fields = fc.record({
    id: fc.string({ unit: 'binary', minLength: 1 }),
    eventType: text,
    timestamp: text,
    taskId: optional,
    runId: optional,
    status: optional,
    dataText: fc.json(),
  });
  fc.assert(
    fc.property(fields, (given) => {
      const body = buildEnvelope(given);
      assert.equal(envelopeDataText(body), given.dataText);
      const parsed = parseEnvelope(bytes(body));
      assert.ok(parsed.ok);
      const event = parsed.event;
      assert.equal(event.webhook_id, given.id);
      assert.equal(event.event_type, given.eventType);
      assert.equal(event.timestamp, given.timestamp);
      assert.equal(event.task_id, given.taskId);
      assert.equal(event.run_id, given.runId);
      assert.equal(event.status, given.status);
      assert.deepEqual(event.data, JSON.parse(given.dataText));
    }),
    { numRuns: 200 },
  );
});

test('a lone surrogate is escaped, because it has no UTF-8 form', () => {
  const body = buildEnvelope({ ...base, taskId: '\ud800', dataText: '{}' });
  assert.ok(body.includes('"task_id":"\\ud800"'));
});

function reasonOf(body: Uint8Array): string {
  const parsed = parseEnvelope(body);
  return parsed.ok ? 'ok' : parsed.reason;
}

test('a body that is no event is refused with a reason', () => {
  assert.equal(reasonOf(Uint8Array.of(0x7b, 0xff, 0x7d)), 'not_utf8');
  assert.equal(reasonOf(bytes('')), 'not_json');
  assert.equal(reasonOf(bytes('\ufeff{}')), 'not_json');
  const others = ['null', '[]', '{}', '"x"', '{"webhook_id":1,"event_type":"a","timestamp":"t"}'];
  for (const text of others) assert.equal(reasonOf(bytes(text)), 'not_an_event', text);
  const empty = '{"webhook_id":"","event_type":"a","timestamp":"t","data":{}}';
  assert.equal(reasonOf(bytes(empty)), 'not_an_event');
  const wrong = '{"webhook_id":"e","event_type":"a","timestamp":"t","task_id":7,"data":{}}';
  assert.equal(reasonOf(bytes(wrong)), 'not_an_event');
});

test('__proto__ in a body stays data', () => {
  const body = '{"webhook_id":"e","event_type":"a","timestamp":"t","__proto__":{"polluted":1}}';
  assert.ok(parseEnvelope(bytes(body)).ok);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});
