import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_RETRY_AFTER_MS } from './limits.ts';
import { parseRetryAfter } from './retry-after.ts';

const NOW = Date.UTC(2026, 3, 9, 12, 0, 0);

test('Retry-After is read as whole seconds, up to the cap', () => {
  fc.assert(
    fc.property(fc.nat(), (seconds) => {
      const expected = Math.min(seconds * 1000, MAX_RETRY_AFTER_MS);
      assert.equal(parseRetryAfter(String(seconds), NOW), expected);
      assert.equal(parseRetryAfter(` ${seconds} `, NOW), expected);
    }),
  );
  assert.equal(parseRetryAfter('9'.repeat(400), NOW), MAX_RETRY_AFTER_MS);
});

test('Retry-After is read as an HTTP date, up to the cap', () => {
  const ahead = fc.integer({ min: 0, max: 90_000 });
  fc.assert(
    fc.property(ahead, (seconds) => {
      const date = new Date(NOW + seconds * 1000).toUTCString();
      const expected = Math.min(seconds * 1000, MAX_RETRY_AFTER_MS);
      assert.equal(parseRetryAfter(date, NOW), expected);
    }),
  );
});

test('Retry-After is read in the two obsolete date forms that RFC 9110 keeps alive', () => {
  assert.equal(parseRetryAfter('Thursday, 09-Apr-26 12:01:00 GMT', NOW), 60_000);
  assert.equal(parseRetryAfter('Thu Apr  9 12:01:00 2026', NOW), 60_000);
  assert.equal(parseRetryAfter('Thursday, 09-Apr-75 12:01:00 GMT', NOW), MAX_RETRY_AFTER_MS);
  // 77 is more than 50 years ahead, so it is 1977, which has passed.
  assert.equal(parseRetryAfter('Thursday, 09-Apr-77 12:01:00 GMT', NOW), undefined);
});

test('Retry-After is refused when it is negative, fractional, repeated, past or no date', () => {
  const refused = [
    '',
    '-1',
    '+5',
    '1.5',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    '5, 10',
    'soon',
    '\u0665',
    new Date(NOW - 1000).toUTCString(),
    'Thu, 31 Feb 2027 12:00:00 GMT',
    'Thu, 00 Mar 2027 12:00:00 GMT',
    'Thu, 09 Abc 2026 12:01:00 GMT',
    'Thu, 09 Apr 2026 24:00:00 GMT',
    'Thu, 09 Apr 2026 12:60:00 GMT',
    'Thu, 09 Apr 2026 12:01:61 GMT',
    'Thu, 09 Apr 2026 12:01:00 CET',
    '2026-04-09T12:01:00Z',
  ];
  for (const header of refused) assert.equal(parseRetryAfter(header, NOW), undefined, header);
});

test('Retry-After never yields anything but a delay between nothing and the cap', () => {
  const alphabet = fc.constantFrom(...'0123456789 -+.,:ehTuGMAprNanInfity'.split(''));
  const header = fc.array(alphabet, { maxLength: 32 }).map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(header, fc.string()), (text) => {
      const delay = parseRetryAfter(text, NOW);
      assert.ok(delay === undefined || (delay >= 0 && delay <= MAX_RETRY_AFTER_MS));
    }),
    { numRuns: 200 },
  );
});
