import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileFilter, explainMismatch, type FilterSubject } from './filter.ts';

const key = fc.constantFrom('a', 'b', '0', '1', 'length', '__proto__', 'constructor');
const scalar = fc.oneof(
  fc.constantFrom<unknown[]>(null, true, false, 0, 1, -1, 1.5, '', 'a', 'ab', 'b', '1'),
  fc.string({ maxLength: 3 }),
);

/** Built like JSON.parse does: `__proto__` becomes a member of its own. */
function objectOf(entries: readonly (readonly [string, unknown])[]): unknown {
  const result = {};
  for (const [name, value] of entries) {
    Object.defineProperty(result, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 3 }).map(objectOf),
  ),
}));

const ordered = fc.oneof(fc.constantFrom<unknown[]>(0, 1, '', 'a', 'b', '1'));
const operator = fc.oneof(
  fc.tuple(fc.constantFrom('$eq', '$ne', '$contains'), json),
  fc.tuple(fc.constant('$in'), fc.array(json, { maxLength: 3 })),
  fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), ordered),
  fc.tuple(fc.constantFrom('$starts_with', '$ends_with'), fc.string({ maxLength: 2 })),
  fc.tuple(fc.constant('$exists'), fc.boolean()),
);

/** A condition at some place inside `data`. */
const { condition } = fc.letrec<{ condition: unknown; object: unknown }>((tie) => ({
  condition: fc.oneof({ maxDepth: 4 }, scalar, fc.array(json, { maxLength: 2 }), tie('object')),
  object: fc
    .array(
      fc.oneof(
        { maxDepth: 4 },
        operator,
        fc.tuple(key, tie('condition')),
        fc.tuple(fc.constant('$not'), tie('condition')),
        fc.tuple(fc.constant('$or'), fc.array(tie('object'), { minLength: 1, maxLength: 3 })),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map(objectOf),
}));

function subject(data: unknown): FilterSubject {
  return { webhook_id: 'evt_1', event_type: 'a.b', timestamp: '', data };
}

/** What a condition means, read from the document each time, as plainly as possible. */
function holdsPlainly(wanted: unknown, found: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) {
    return same(wanted, found);
  }
  return Object.entries(wanted).every(([name, operand]) => {
    if (name === '$or') return list(operand).some((each) => holdsPlainly(each, found));
    if (name === '$not') return !holdsPlainly(operand, found);
    if (name.startsWith('$')) return operatorHolds(name, operand, found);
    return holdsPlainly(operand, at(found, name));
  });
}

function operatorHolds(name: string, operand: unknown, found: unknown): boolean {
  if (name === '$exists') return operand === (found !== undefined);
  if (name === '$ne') return !same(operand, found);
  if (name === '$eq') return same(operand, found);
  if (name === '$in') return list(operand).some((each) => same(each, found));
  if (name === '$contains') {
    if (Array.isArray(found)) return found.some((each) => same(operand, each));
    return typeof found === 'string' && typeof operand === 'string' && found.includes(operand);
  }
  if (name === '$starts_with')
    return typeof found === 'string' && found.startsWith(String(operand));
  if (name === '$ends_with') return typeof found === 'string' && found.endsWith(String(operand));
  if (typeof operand === 'number' && typeof found === 'number') return order(name, found, operand);
  if (typeof operand === 'string' && typeof found === 'string') return order(name, found, operand);
  return false;
}

function order<T extends number | string>(name: string, found: T, operand: T): boolean {
  if (name === '$gt') return found > operand;
  if (name === '$gte') return found >= operand;
  return name === '$lt' ? found < operand : found <= operand;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function at(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^[01]$/.test(name) ? value[Number(name)] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

/** Equal as JSON, by writing both with their members sorted. */
function same(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && sorted(left) === sorted(right);
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}:${sorted(item)}`,
  );
  return `{${members.toSorted().join()}}`;
}

function matches(document: unknown, data: unknown): boolean {
  const compiled = compileFilter(document);
  if (!compiled.ok) {
    // Made by chance, a few are larger than a filter may be; nothing else may be wrong with them.
    const tooLarge = compiled.problems.every(({ detail }) => /more than/.test(detail));
    assert.ok(tooLarge, JSON.stringify(compiled));
    fc.pre(false);
    return false;
  }
  return compiled.matches(subject(data));
}

test('a compiled filter says what a plain reading of the document says', () => {
  fc.assert(
    fc.property(condition, json, (wanted, data) => {
      assert.equal(matches({ data: wanted }, data), holdsPlainly(wanted, data));
    }),
    { numRuns: 3_000 },
  );
});

test('a filter matches exactly when there is no mismatch to explain', () => {
  fc.assert(
    fc.property(condition, json, (wanted, data) => {
      const compiled = compileFilter({ data: wanted });
      fc.pre(compiled.ok);
      const mismatch = explainMismatch(compiled.condition, subject(data));
      assert.equal(compiled.matches(subject(data)), mismatch === undefined);
    }),
    { numRuns: 1_000 },
  );
});

test('negation turns every answer around, and twice gives it back', () => {
  fc.assert(
    fc.property(condition, condition, json, (one, other, data) => {
      const holds = (wanted: unknown) => matches({ data: wanted }, data);
      assert.equal(holds({ $not: one }), !holds(one));
      assert.equal(holds({ $not: { $not: one } }), holds(one));
      const [a, b] = [{ $not: one }, { $not: other }];
      // De Morgan: not (a or b) = not a and not b.
      const either = { $or: [{ $not: a }, { $not: b }] };
      assert.equal(holds(either), holds(one) || holds(other));
      assert.equal(holds({ $not: either }), holds(a) && holds(b));
    }),
    { numRuns: 1_000 },
  );
});

test('the same value is equal, and in a list with itself', () => {
  fc.assert(
    fc.property(json, json, (value, other) => {
      assert.ok(matches({ data: { $eq: value } }, value));
      assert.ok(!matches({ data: { $ne: value } }, value));
      assert.ok(matches({ data: { $in: [other, value] } }, value));
      assert.equal(
        matches({ data: { $in: [other] } }, value),
        matches({ data: { $eq: other } }, value),
      );
      assert.ok(matches({ data: { $contains: value } }, [other, value]));
    }),
  );
});

const hostileKey = fc.oneof(
  fc.constantFrom('$eq', '$ne', '$in', '$gt', '$not', '$or', '$exists', '$contains', '$', '$$'),
  fc.constantFrom('$starts_with', 'data', 'metadata', '__proto__', 'constructor', 'toString'),
  fc.string({ maxLength: 4 }),
);
const { hostile } = fc.letrec<{ hostile: unknown }>((tie) => ({
  hostile: fc.oneof(
    { maxDepth: 6 },
    scalar,
    fc.jsonValue(),
    fc.array(tie('hostile'), { maxLength: 4 }),
    fc.array(fc.tuple(hostileKey, tie('hostile')), { maxLength: 4 }).map(objectOf),
  ),
}));

test('no JSON makes compiling, matching or explaining throw', () => {
  let compiledOnes = 0;
  const check = (document: unknown, data: unknown) => {
    const compiled = compileFilter(document);
    if (!compiled.ok) return assert.notEqual(compiled.problems.length, 0);
    compiledOnes += 1;
    const holds = compiled.matches(subject(data));
    assert.equal(explainMismatch(compiled.condition, subject(data)) === undefined, holds);
  };
  fc.assert(
    fc.property(hostile, hostile, (document, data) => {
      check(document, data);
      check({ data: document }, data);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(compiledOnes > 100, `${compiledOnes} compiled`);
});

test('an event nested deeper than any stack is matched and explained all the same', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
  const compiled = compileFilter({ data: { $eq: [[[1]]] } });
  assert.ok(compiled.ok);
  assert.ok(!compiled.matches(subject(deep)));
  assert.match(explainMismatch(compiled.condition, subject(deep))?.detail ?? '', /a list of 1/);
});
