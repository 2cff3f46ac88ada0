import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkCustomHeaders } from './custom-headers.ts';
import { MAX_CUSTOM_HEADER_VALUE_CHARS, MAX_CUSTOM_HEADERS } from './limits.ts';

const NAME_DIGITS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-';

test('ordinary headers are taken', () => {
  const headers = { 'X-Api-Key': 'k v; w="~"', authorization: 'Bearer abc', 'x-empty': '', a: '!' };
  assert.equal(checkCustomHeaders(headers), undefined);
  assert.equal(checkCustomHeaders({}), undefined);
});

test('headers that frame, route, sign or identify the request are refused in any case', () => {
  const reserved = [
    'Host',
    'Content-Length',
    'CONTENT-TYPE',
    'content-encoding',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Accept-Encoding',
    'Cookie',
    'Proxy-Authorization',
    'proxy-connection',
    'Webhook-Id',
    'webhook-signature',
    'X-Forwarded-For',
    'x-forwarded-host',
    'Forwarded',
    'Bellwire-Attempt',
    'X-Agent-Signature',
    'User-Agent',
    'traceparent',
  ];
  for (const name of reserved) {
    const problem = checkCustomHeaders({ [name]: 'v' });
    assert.equal(problem, `the custom header ${name} is reserved and can't be set`);
  }
});

test('a name that only begins like a reserved one is free', () => {
  const headers = {
    'host-name': '1',
    'te-st': '1',
    cookies: '1',
    webhook: '1',
    'x-forwarded': '1',
  };
  assert.equal(checkCustomHeaders(headers), undefined);
});

test('a name is refused unless it is 1 to 64 letters, digits and dashes', () => {
  const parsed = Object.fromEntries([['__proto__', 'v']]);
  assert.match(checkCustomHeaders(parsed) ?? '', /^the custom header name "__proto__" is not/);
  fc.assert(
    fc.property(fc.string({ maxLength: 70 }), (name) => {
      const strange = name.length === 0 || name.length > 64;
      const foreign = name.split('').some((character) => !NAME_DIGITS.includes(character));
      const headers = Object.fromEntries([[name, 'v']]);
      const problem = checkCustomHeaders(headers);
      assert.equal(problem?.startsWith('the custom header name ') ?? false, strange || foreign);
    }),
    { numRuns: 200 },
  );
  assert.equal(checkCustomHeaders({ ['a'.repeat(64)]: 'v' }), undefined);
  assert.match(checkCustomHeaders({ ['a'.repeat(65)]: 'v' }) ?? '', /1 to 64 letters/);
});

test('a value is refused unless it is printable ASCII, and the refusal does not repeat it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 10 }), (value) => {
      const printable = value.split('').every((each) => each >= ' ' && each <= '~');
      const problem = checkCustomHeaders({ 'x-a': value });
      assert.equal(problem === undefined, printable && value === value.trim());
    }),
    { numRuns: 200 },
  );
  for (const bad of ['a\r\nhost: b', 'a\nb', 'a\0b', 'caf\u00e9', '\u4e2d', ' s3cret', 's3cret ']) {
    const problem = checkCustomHeaders({ 'x-a': bad });
    assert.match(problem ?? '', /^the value of the custom header x-a /);
    assert.ok(!problem?.includes('s3cret'));
  }
});

test('headers are refused when there are too many, too long or twice the same', () => {
  const many = Array.from({ length: MAX_CUSTOM_HEADERS }, (_, index) => [`x-${index}`, 'v']);
  const full: Record<string, string> = Object.fromEntries(many);
  assert.equal(checkCustomHeaders(full), undefined);
  assert.equal(
    checkCustomHeaders({ ...full, 'x-more': 'v' }),
    'a subscription has at most 20 custom headers, not 21',
  );
  const longest = 'v'.repeat(MAX_CUSTOM_HEADER_VALUE_CHARS);
  assert.equal(checkCustomHeaders({ 'x-a': longest }), undefined);
  assert.match(checkCustomHeaders({ 'x-a': `${longest}v` }) ?? '', /longer than 2048 characters/);
  const twice = checkCustomHeaders({ 'X-A': '1', 'x-a': '2' });
  assert.equal(twice, 'the custom header x-a is given twice');
});
