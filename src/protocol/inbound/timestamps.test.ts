import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { instantOf, timeRefusal } from './timestamps.ts';

test('seconds and milliseconds are digits', () => {
  assert.equal(instantOf('1735689600', 's'), 1_735_689_600_000);
  assert.equal(instantOf('1735689600123', 'ms'), 1_735_689_600_123);
  for (const text of ['', ' 1', '1 ', '+1', '-1', '1.0', '1e3', '0x1', '12345678901234', '١']) {
    assert.equal(instantOf(text, 's'), undefined, text);
  }
});

test('instants by RFC 3339 are what the runtime takes them for', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
      (date) => assert.equal(instantOf(date.toISOString(), 'iso8601'), date.getTime()),
    ),
  );
  const offset = '2020-01-01T00:00:00-07:00';
  assert.equal(instantOf(offset, 'iso8601'), Date.parse(offset));
  assert.equal(instantOf('2024-02-29T23:59:59', 'iso8601'), Date.parse('2024-02-29T23:59:59Z'));
  assert.equal(instantOf('2024-02-29T00:00:00.123456Z', 'iso8601'), 1_709_164_800_123);
});

test('other spellings of an instant are refused', () => {
  for (const text of [
    '2024-02-29',
    '2024-02-29 00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-32T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    'Thu, 29 Feb 2024 00:00:00 GMT',
    '+002024-01-01T00:00:00Z',
    ' 2024-01-01T00:00:00Z',
  ]) {
    assert.equal(instantOf(text, 'iso8601'), undefined, text);
  }
});

test('what is missing, unreadable, old or ahead is told apart', () => {
  const reason = (text: string | undefined) => timeRefusal(text, 's', 300, 1_000_000_000)?.reason;
  assert.equal(reason(undefined), 'missing_timestamp');
  assert.equal(reason(''), 'missing_timestamp');
  assert.equal(reason('soon'), 'malformed_timestamp');
  assert.equal(reason('999699'), 'stale_timestamp');
  assert.equal(reason('1000301'), 'future_timestamp');
  assert.equal(reason('999700'), undefined);
  assert.equal(reason('1000300'), undefined);
  assert.match(
    timeRefusal('999000', 's', 300, 1_000_000_000)?.detail ?? '',
    /1000 s ago; up to 300/,
  );
});
