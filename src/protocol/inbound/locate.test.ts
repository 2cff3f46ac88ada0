import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LOCATED_CHARS, locate, parseLocator } from './locate.ts';
import type { InboundRequest } from './request.ts';

function request(parts: {
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly body?: string;
}): InboundRequest {
  const { headers = {}, url = 'https://a.test/in/x', body = '' } = parts;
  return {
    method: 'POST',
    url,
    headers: (name) => headers[name],
    body: new TextEncoder().encode(body),
  };
}

const nothing = request({});

function found(locator: string, json: unknown, from = nothing): string | undefined {
  return locate(parseLocator(locator), from, json);
}

test('members are found by their path, texts and numbers alike', () => {
  assert.equal(found('json:a.b', { a: { b: 'x' } }), 'x');
  assert.equal(found('json:id', { id: 7 }), '7');
  assert.equal(found('json:ok', { ok: false }), 'false');
  assert.equal(found('json:a.b', { a: { b: { c: 1 } } }), undefined);
  assert.equal(found('json:a', undefined), undefined);
});

test('members that only the prototype has are none', () => {
  assert.equal(found('json:constructor.name', {}), undefined);
  assert.equal(found('json:__proto__.x', {}), undefined);
  assert.equal(found('json:length', 'text'), undefined);
});

test('parts are joined; only optional ones may be absent', () => {
  assert.equal(found('json:a + json:b?', { a: 1, b: 2 }), '1:2');
  assert.equal(found('json:a + json:b?', { a: 1 }), '1');
  assert.equal(found('json:a + json:b', { a: 1 }), undefined);
  assert.equal(found('json:a', { a: '' }), undefined);
});

test('the first alternative that is there counts', () => {
  const from = request({ headers: { 'ce-type': 'x.y' } });
  assert.equal(found('header:CE-Type | json:type', { type: 'z' }, from), 'x.y');
  assert.equal(found('header:ce-type | json:type', { type: 'z' }), 'z');
});

test('of a list all items count, or the one value they share', () => {
  const json = {
    events: [
      { id: 1, type: 'a' },
      { id: 2, type: 'a' },
    ],
  };
  assert.equal(found('json:events[].id', json), '1,2');
  assert.equal(found('json:events[=].type', json), 'a');
  assert.equal(found('json:events[=].id', json), undefined);
  assert.equal(found('json:[].id', json.events), '1,2');
  assert.equal(found('json:events[].id', { events: [] }), undefined);
  assert.equal(found('json:events[].id', { events: [{ id: 1 }, {}] }), undefined);
  assert.equal(found('json:a[].b[].c', { a: [{ b: [{ c: 1 }, { c: 2 }] }] }), '1,2');
});

test('the name of a member can be the value', () => {
  assert.equal(found('key:', { statusUpdate: {} }), 'statusUpdate');
  assert.equal(found('key:', { a: 1, b: 2 }), undefined);
  assert.equal(found('key:-id', { id: 1, message: {} }), 'message');
  assert.equal(found('key:*_events', { for: 1, follow_events: [] }), 'follow_events');
  assert.equal(found('key:', [1]), undefined);
});

test('forms, the URL and tokens are looked into', () => {
  const form = request({
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: 'CallStatus=ringing',
  });
  assert.equal(found('form:CallStatus', undefined, form), 'ringing');
  assert.equal(found('form:CallStatus', undefined, request({ body: 'CallStatus=x' })), undefined);
  assert.equal(
    found('query:topic', undefined, request({ url: 'https://a.test/?topic=orders' })),
    'orders',
  );
  assert.equal(found('query:topic', undefined, request({ url: 'no URL' })), undefined);
  const claims = btoa('{"jti":"j1","events":{"urn:x":{}}}').replaceAll('=', '');
  const token = request({ body: `e30.${claims}.c2ln` });
  assert.equal(found('jwt:jti', undefined, token), 'j1');
  assert.equal(found('jwt:events', undefined, token), 'urn:x');
  assert.equal(found('jwt:jti', undefined, request({ body: 'a.!.c' })), undefined);
});

test('what is too long is no id', () => {
  const longest = 'x'.repeat(MAX_LOCATED_CHARS);
  assert.equal(found('json:id', { id: longest }), longest);
  assert.equal(found('json:id', { id: `${longest}x` }), undefined);
});

test('a locator that is none is refused with what to write', () => {
  for (const text of [
    '',
    'type',
    'body:x',
    'json:',
    'json:a..b',
    'json:a[0]',
    'header:',
    'key:a',
  ]) {
    assert.throws(() => parseLocator(text), TypeError, text);
  }
  assert.throws(() => parseLocator('json:a?'), /must not be optional/);
  assert.throws(() => parseLocator('x'.repeat(600)), /at most 512/);
});
