import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  attemptId,
  deliveryId,
  eventId,
  MAX_ATTEMPT_NUMBER,
  parseAttemptId,
  parseDeliveryId,
  parseEventId,
  parseRecordId,
  RECORD_PREFIXES,
  recordId,
} from './ids.ts';

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const MAX_TIME = 2 ** 48 - 1;

const createdAt = fc.integer({ min: 0, max: MAX_TIME });
const sequence = fc.maxSafeNat();
const subscriptionNumber = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const attemptNumber = fc.integer({ min: 0, max: MAX_ATTEMPT_NUMBER });

/** The same spelling by other means: digit by digit, with big integers. */
function spell(value: number, width: number): string {
  let text = '';
  for (let rest = BigInt(value); text.length < width; rest /= 32n) {
    text = DIGITS.charAt(Number(rest % 32n)) + text;
  }
  return text;
}

function order(a: string | number, b: string | number): number {
  return a < b ? -1 : Number(a > b);
}

// The first of all, while nothing is remembered yet.
test('public ids are never made of a time before the epoch', () => {
  assert.throws(() => eventId(-1, 0), RangeError);
});

test('public ids spell their parts in Crockford base32 of fixed width', () => {
  fc.assert(
    fc.property(createdAt, sequence, subscriptionNumber, attemptNumber, (t, s, n, a) => {
      const head = spell(t, 10) + spell(s, 11);
      assert.equal(eventId(t, s), `evt_${head}`);
      assert.equal(deliveryId(t, s, n), `dlv_${head}${spell(n, 7)}`);
      assert.equal(attemptId(t, s, n, a), `att_${head}${spell(n, 7)}${spell(a, 3)}`);
    }),
  );
});

test('public ids read back to the numbers they were made of', () => {
  fc.assert(
    fc.property(createdAt, sequence, subscriptionNumber, attemptNumber, (t, s, n, a) => {
      const event = { createdAt: t, sequence: s };
      const delivery = { ...event, subscriptionNumber: n };
      assert.deepEqual(parseEventId(eventId(t, s)), event);
      assert.deepEqual(parseDeliveryId(deliveryId(t, s, n)), delivery);
      const attempt = { ...delivery, attemptNumber: a };
      assert.deepEqual(parseAttemptId(attemptId(t, s, n, a)), attempt);
    }),
  );
});

test('public ids read back at the edges of every range', () => {
  const edge = attemptId(MAX_TIME, Number.MAX_SAFE_INTEGER, 2 ** 32 - 1, MAX_ATTEMPT_NUMBER);
  assert.equal(edge, ['att_', '7zzzzzzzzz', '7zzzzzzzzzz', '3zzzzzz', 'zzz'].join(''));
  assert.equal(attemptId(0, 0, 0, 0), `att_${'0'.repeat(31)}`);
  for (const id of [edge, attemptId(0, 0, 0, 0)]) assert.ok(parseAttemptId(id));
});

test('public ids sort as text by time, then by sequence', () => {
  const few = fc.integer({ min: 1_775_000_000_000, max: 1_775_000_000_003 });
  fc.assert(
    fc.property(few, sequence, few, sequence, (t1, s1, t2, s2) => {
      const byNumbers = order(t1, t2) || order(s1, s2);
      assert.equal(order(eventId(t1, s1), eventId(t2, s2)), byNumbers);
    }),
  );
});

test('public ids have one spelling each: parsers accept what makers write', () => {
  const character = fc.constantFrom(...`${DIGITS}ilouABZ-_ \u00e9\u0130`.split(''));
  const text = fc.array(character, { minLength: 20, maxLength: 32 }).map((all) => all.join(''));
  fc.assert(
    fc.property(fc.constantFrom('evt_', 'dlv_', 'att_', 'EVT_'), text, (prefix, rest) => {
      const id = prefix + rest;
      const event = parseEventId(id);
      if (event) assert.equal(eventId(event.createdAt, event.sequence), id);
      const delivery = parseDeliveryId(id);
      if (delivery) {
        const { createdAt: t, sequence: s, subscriptionNumber: n } = delivery;
        assert.equal(deliveryId(t, s, n), id);
      }
    }),
    { numRuns: 200 },
  );
});

test('public ids are refused with a wrong prefix, length, letter or case', () => {
  const id = eventId(1_775_736_000_000, 42);
  const refused = [
    '',
    'evt_',
    id.slice(0, -1),
    `${id}0`,
    `${id}\n`,
    ` ${id}`,
    id.toUpperCase(),
    id.replace('evt_', 'dlv_'),
    ...['i', 'l', 'o', 'u', 'A', '-', '\u0660', '\ud83d'].map((odd) => id.slice(0, -1) + odd),
  ];
  for (const text of refused) assert.equal(parseEventId(text), undefined, JSON.stringify(text));
  assert.ok(parseEventId(id));
});

test('public ids are refused when a part spells more than its range', () => {
  const zeros = '0'.repeat(30);
  const wide = {
    time: `8${zeros.slice(0, 9)}`,
    sequence: `8${zeros.slice(0, 10)}`,
    subscription: `4${zeros.slice(0, 6)}`,
  };
  assert.equal(parseEventId(`evt_${wide.time}${zeros.slice(0, 11)}`), undefined);
  assert.equal(parseEventId(`evt_${zeros.slice(0, 10)}${wide.sequence}`), undefined);
  assert.equal(parseEventId(`evt_${'z'.repeat(21)}`), undefined);
  assert.equal(parseDeliveryId(`dlv_${zeros.slice(0, 21)}${wide.subscription}`), undefined);
  assert.equal(parseAttemptId(`att_${zeros.slice(0, 21)}${wide.subscription}000`), undefined);
});

test('public ids refuse to be made of numbers out of range', () => {
  for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => eventId(bad, 0), RangeError);
    assert.throws(() => eventId(0, bad), RangeError);
    assert.throws(() => deliveryId(0, 0, bad), RangeError);
    assert.throws(() => attemptId(0, 0, 0, bad), RangeError);
  }
  assert.throws(() => eventId(2 ** 48, 0), /createdAt must be an integer from 0 to/);
  assert.throws(() => deliveryId(0, 0, 2 ** 32), RangeError);
  assert.throws(() => attemptId(0, 0, 0, MAX_ATTEMPT_NUMBER + 1), RangeError);
});

test('public ids of other records carry their own prefix and are not taken for each other', () => {
  const prefix = fc.constantFrom(...RECORD_PREFIXES);
  fc.assert(
    fc.property(prefix, prefix, createdAt, sequence, (own, other, t, number) => {
      const id = recordId(own, t, number);
      assert.equal(id, `${own}_${spell(t, 10)}${spell(number, 11)}`);
      const expected = own === other ? { createdAt: t, number } : undefined;
      assert.deepEqual(parseRecordId(other, id), expected);
    }),
  );
});
