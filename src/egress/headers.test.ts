import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outgoingHeaders, plainHeaders } from './headers.ts';

test('asks for the identity encoding unless the caller chose one', () => {
  assert.deepEqual(outgoingHeaders(['a', '1']), ['a', '1', 'accept-encoding', 'identity']);
  assert.deepEqual(outgoingHeaders({ a: '1', b: '2' })?.slice(0, 4), ['a', '1', 'b', '2']);
  assert.deepEqual(outgoingHeaders({ 'Accept-Encoding': 'gzip' }), ['Accept-Encoding', 'gzip']);
});

test('does not change the array of the caller', () => {
  const headers = ['a', '1'];
  outgoingHeaders(headers);
  assert.deepEqual(headers, ['a', '1']);
});

test('refuses to let the caller choose the host', () => {
  assert.equal(outgoingHeaders(['a', '1', 'Host', 'internal']), null);
  assert.equal(outgoingHeaders({ host: 'internal' }), null);
  assert.notEqual(outgoingHeaders(['name', 'host']), null);
});

test('joins repeated response headers', () => {
  assert.deepEqual(plainHeaders({ 'set-cookie': ['a=1', 'b=2'], etag: 'x' }), {
    'set-cookie': 'a=1, b=2',
    etag: 'x',
  });
  assert.deepEqual(plainHeaders(null), {});
});

test('a response header named __proto__ stays data', () => {
  const received = Object.fromEntries([
    ['__proto__', ['polluted', 'twice']],
    ['a', '1'],
  ]);
  const headers = plainHeaders(received);
  assert.equal(Object.getPrototypeOf(headers), Object.prototype);
  assert.deepEqual(Object.keys(headers), ['__proto__', 'a']);
});
