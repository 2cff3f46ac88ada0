import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_RECORDED_HEADER_VALUE_CHARS,
  MAX_RECORDED_HEADERS,
  recordedHeaders,
} from './recorded-headers.ts';

test('credentials of the receiver are not recorded, the rest is', () => {
  const headers = { 'set-cookie': 'session=1', 'content-type': 'text/plain', 'x-api-key': 'k' };
  assert.deepEqual(recordedHeaders(headers), { 'content-type': 'text/plain' });
});

test('neither number nor length of what is recorded is up to the receiver', () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'v']));
  assert.equal(Object.keys(recordedHeaders(many)).length, MAX_RECORDED_HEADERS);
  const { long = '', fitting = '' } = recordedHeaders({
    long: 'y'.repeat(MAX_RECORDED_HEADER_VALUE_CHARS + 1),
    fitting: 'y'.repeat(MAX_RECORDED_HEADER_VALUE_CHARS),
  });
  assert.equal(long.length, MAX_RECORDED_HEADER_VALUE_CHARS);
  assert.ok(long.endsWith('y…'));
  assert.equal(fitting, 'y'.repeat(MAX_RECORDED_HEADER_VALUE_CHARS));
});
