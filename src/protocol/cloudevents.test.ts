import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  binaryCloudEventHeaders,
  decodeHeaderValue,
  encodeHeaderValue,
  fromCloudEvent,
  structuredCloudEvent,
} from './cloudevents.ts';
import { buildEnvelope, parseEnvelope, readEnvelope, type EnvelopeFields } from './envelope.ts';

const SOURCE = 'https://hooks.example.com/tenants/7';
const EVENT: EnvelopeFields = {
  id: 'evt_1',
  eventType: 'task.completed',
  timestamp: '2026-04-09T12:00:00.000Z',
  taskId: 'task_123',
  runId: 'run_9',
  status: 'success',
  dataText: '{"b":1.0,"a":"schön"}',
};

const reference = fc.option(
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/\p{Cc}/u.test(text)),
  { nil: undefined },
);
const events = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
  eventType: fc.stringMatching(/^[a-z_-]{1,9}(\.[a-z]{1,9}){0,3}$/),
  timestamp: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') })
    .map((date) => date.toISOString()),
  taskId: reference,
  runId: reference,
  status: reference,
  dataText: fc.json(),
});

test('structured mode is one JSON object with the data as it was published', () => {
  assert.equal(
    structuredCloudEvent(EVENT, SOURCE),
    '{"specversion":"1.0","id":"evt_1","source":"https://hooks.example.com/tenants/7",' +
      '"type":"task.completed","time":"2026-04-09T12:00:00.000Z","subject":"task_123",' +
      '"bwrunid":"run_9","bwstatus":"success","datacontenttype":"application/json",' +
      '"data":{"b":1.0,"a":"schön"}}',
  );
});

test('binary mode is a header for each attribute', () => {
  const headers = binaryCloudEventHeaders({ ...EVENT, status: 'très bien' }, SOURCE);
  assert.equal(
    headers.join(' '),
    `ce-specversion 1.0 ce-id evt_1 ce-source ${SOURCE} ce-type task.completed ` +
      'ce-time 2026-04-09T12:00:00.000Z ce-subject task_123 ce-bwrunid run_9 ' +
      'ce-bwstatus tr%C3%A8s%20bien',
  );
});

test('every event keeps the rules of the specification, and comes back as it was', () => {
  fc.assert(
    fc.property(events, (event) => {
      const text = structuredCloudEvent(event, SOURCE);
      const object: Record<string, unknown> = JSON.parse(text);
      for (const name of ['id', 'source', 'type', 'specversion']) {
        assert.ok(typeof object[name] === 'string' && object[name] !== '', name);
      }
      for (const [name, value] of Object.entries(object)) {
        assert.match(name, /^[a-z0-9]{1,20}$/);
        if (name !== 'data') assert.equal(typeof value, 'string');
      }
      assert.match(String(object['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(text.endsWith(`,"data":${event.dataText}}`));
      const envelope = new TextEncoder().encode(buildEnvelope(event));
      const parsed = parseEnvelope(envelope);
      assert.ok(parsed.ok);
      const structured = fromCloudEvent((name) => object[name], object['data']);
      assert.deepEqual(structured, parsed.event);
      const headers = new Map<string, string>();
      const flat = binaryCloudEventHeaders(event, SOURCE);
      for (let at = 0; at < flat.length; at += 2) headers.set(flat[at] ?? '', flat[at + 1] ?? '');
      const attribute = (name: string) => decodeHeaderValue(headers.get(`ce-${name}`) ?? '');
      assert.deepEqual(fromCloudEvent(attribute, JSON.parse(event.dataText)), parsed.event);
    }),
  );
});

test('header values are printable ASCII without quotes, and decode to what they were', () => {
  const table: [text: string, encoded: string][] = [
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['a"b%c', 'a%22b%25c'],
    ['~!@#$^&*()', '~!@#$^&*()'],
  ];
  for (const [text, encoded] of table) assert.equal(encodeHeaderValue(text), encoded);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = encodeHeaderValue(text);
      assert.match(encoded, /^[\x21\x23-\x7e]*$/);
      assert.equal(decodeHeaderValue(encoded), text);
    }),
  );
});

test('header values of other senders are read too', () => {
  assert.equal(decodeHeaderValue('"quoted \\"text\\""'), 'quoted "text"');
  assert.equal(decodeHeaderValue('100%'), '100%');
  assert.equal(decodeHeaderValue('%c3%a9'), 'é');
  assert.equal(decodeHeaderValue('%FF'), undefined);
});

test('what lacks a required attribute is no CloudEvent', () => {
  const full: Record<string, unknown> = { specversion: '1.0', id: 'a', source: '/s', type: 't' };
  assert.ok(fromCloudEvent((name) => full[name], 1) !== undefined);
  for (const missing of Object.keys(full)) {
    for (const value of [undefined, '', 7]) {
      const attribute = (name: string) => (name === missing ? value : full[name]);
      assert.equal(fromCloudEvent(attribute, 1), undefined, missing);
    }
  }
  assert.equal(
    fromCloudEvent((name) => (name === 'specversion' ? '0.3' : full[name]), 1),
    undefined,
  );
});

test('an envelope is read back into the fields it was built from', () => {
  fc.assert(
    fc.property(events, (event) => {
      assert.deepEqual(readEnvelope(buildEnvelope(event)), { ...event });
    }),
  );
  assert.throws(() => readEnvelope('{"webhook_id":"a"}'), SyntaxError);
});

test('what came in through a source says so in both modes, and is read back', () => {
  const inbound = { ...EVENT_FROM_SOURCE, dataText: '{"a":1}' };
  const structured = structuredCloudEvent(inbound, SOURCE_URI);
  const parsed: Record<string, unknown> = JSON.parse(structured);
  const names = ['bwsourceid', 'bwprovidereventid', 'bwtrust'];
  assert.deepEqual(
    names.map((name) => parsed[name]),
    ['src_1', 'p 1', 'untrusted'],
  );
  const headers = binaryCloudEventHeaders(inbound, SOURCE_URI);
  assert.equal(headers[headers.indexOf('ce-bwprovidereventid') + 1], 'p%201');
  const event = fromCloudEvent((name) => parsed[name], parsed['data']);
  assert.deepEqual(
    [event?.source_id, event?.provider_event_id, event?.trust],
    ['src_1', 'p 1', 'untrusted'],
  );
  const own = structuredCloudEvent({ ...inbound, sourceId: undefined }, SOURCE_URI);
  assert.equal(own.includes('bwtrust'), false);
});

const SOURCE_URI = 'https://hooks.example.com/tenants/1';
const EVENT_FROM_SOURCE = {
  id: 'evt_1',
  eventType: 'github.push',
  timestamp: '2026-04-09T12:00:00.000Z',
  sourceId: 'src_1',
  providerEventId: 'p 1',
};
