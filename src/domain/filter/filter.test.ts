import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_FILTER_DEPTH,
  MAX_FILTER_IN_VALUES,
  MAX_FILTER_NODES,
  MAX_FILTER_SCANS,
} from '../limits.ts';
import { compileFilter, explainMismatch, type FilterSubject } from './filter.ts';

const EVENT: FilterSubject = {
  webhook_id: 'evt_1',
  event_type: 'task.completed',
  timestamp: '2026-04-09T12:00:00.000Z',
  task_id: 'task_123',
  data: JSON.parse(
    '{"amount":100,"country":"KR","tags":["new","vip"],"items":[{"sku":"a"},{"sku":"b"}],' +
      '"gone":null,"flag":false,"$ref":"#/x","user.name":"kim","empty":{},' +
      '"__proto__":{"polluted":true}}',
  ),
  metadata: { region: 'eu' },
};

function matches(document: unknown): boolean {
  const compiled = compileFilter(document);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.matches(EVENT);
}

function problems(document: unknown): string[] {
  const compiled = compileFilter(document);
  return compiled.ok ? [] : compiled.problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

const ofData = (condition: unknown) => ({ data: condition });

test('each operator matches what its name says', () => {
  const table: [document: unknown, expected: boolean][] = [
    [{}, true],
    [{ event_type: 'task.completed' }, true],
    [{ event_type: 'task.failed' }, false],
    [{ metadata: { region: 'eu' } }, true],
    [{ task_id: { $exists: true }, run_id: { $exists: false } }, true],
    [ofData({ amount: { $eq: 100 } }), true],
    [ofData({ amount: '100' }), false],
    [ofData({ amount: { $ne: 99 } }), true],
    [ofData({ amount: { $gt: 99, $lt: 101 } }), true],
    [ofData({ amount: { $gt: 100 } }), false],
    [ofData({ amount: { $gte: 100, $lte: 100 } }), true],
    [ofData({ amount: { $gte: '1' } }), false],
    [ofData({ country: { $gt: 'KA', $lt: 'KZ' } }), true],
    [{ timestamp: { $gte: '2026-04-09T00:00:00.000Z' } }, true],
    [ofData({ country: { $in: ['KR', 'US'] } }), true],
    [ofData({ country: { $in: [] } }), false],
    [ofData({ empty: { $in: [1, {}] } }), true],
    [ofData({ country: { $starts_with: 'K' } }), true],
    [ofData({ country: { $ends_with: 'K' } }), false],
    [ofData({ amount: { $starts_with: '1' } }), false],
    [ofData({ tags: { $contains: 'vip' } }), true],
    [ofData({ items: { $contains: { sku: 'b' } } }), true],
    [ofData({ country: { $contains: 'R' } }), true],
    [ofData({ amount: { $contains: '1' } }), false],
    [ofData({ tags: ['new', 'vip'] }), true],
    [ofData({ tags: ['vip', 'new'] }), false],
    [ofData({ gone: null }), true],
    [ofData({ gone: { $exists: true } }), true],
    [ofData({ flag: false }), true],
    [ofData({ flag: { $not: { $eq: true } } }), true],
    [ofData({ amount: { $not: 100 } }), false],
    [ofData({ amount: { $or: [{ $lt: 10 }, { $gt: 90 }] } }), true],
    [{ $or: [{ event_type: 'x' }, { data: { country: 'US' } }] }, false],
    [{ $or: [{ event_type: 'x' }, { data: { country: 'KR' } }], task_id: 'task_123' }, true],
    [ofData({ $or: [{ country: 'US' }, { amount: 100 }], flag: false }), true],
    [{ $not: { data: { country: 'KR' } } }, false],
  ];
  for (const [document, expected] of table) {
    assert.equal(matches(document), expected, JSON.stringify(document));
  }
});

test('paths are own members, array places, and names as they are', () => {
  assert.ok(matches(ofData({ items: { 1: { sku: 'b' } } })));
  assert.ok(!matches(ofData({ items: { 2: { sku: 'b' } } })));
  assert.ok(!matches(ofData({ items: { '01': { sku: 'b' } } })));
  assert.ok(!matches(ofData({ items: { length: 2 } })));
  assert.ok(!matches(ofData({ country: { 0: 'K' } })));
  assert.ok(matches(ofData({ 'user.name': 'kim' })));
  assert.ok(matches(ofData({ $$ref: '#/x' })));
  assert.ok(!matches(ofData({ constructor: { $exists: true } })));
  assert.ok(!matches(ofData({ empty: { toString: { $exists: true } } })));
  assert.ok(matches(JSON.parse('{"data":{"__proto__":{"polluted":true}}}')));
  assert.ok(!matches(JSON.parse('{"data":{"empty":{"__proto__":{"$exists":true}}}}')));
});

test('a path that leads nowhere fails every test but $exists: false, $ne and $not', () => {
  const holding = ['$exists', '$ne'];
  const operands = {
    $eq: null,
    $ne: 1,
    $in: [null],
    $gt: 0,
    $gte: 0,
    $lt: 0,
    $lte: 0,
    $starts_with: '',
    $ends_with: '',
    $contains: '',
    $exists: false,
  };
  for (const [operator, operand] of Object.entries(operands)) {
    const condition = { nowhere: { deeper: { [operator]: operand } } };
    assert.equal(matches(ofData(condition)), holding.includes(operator), operator);
    const negated = { nowhere: { deeper: { $not: { [operator]: operand } } } };
    assert.equal(matches(ofData(negated)), !holding.includes(operator), operator);
  }
});

test('what does not compile is named by its place', () => {
  const table: [document: unknown, problem: RegExp][] = [
    [null, /^ must be an object/],
    [[], /^ must be an object/],
    ['x', /^ must be an object/],
    [{ amount: 1 }, /^\/amount is no member of an event; known are: webhook_id/],
    [{ 'data.amount': 1 }, /^\/data.amount is no member/],
    [{ $eq: {} }, /^\/\$eq needs a member/],
    [{ $exists: true }, /^\/\$exists needs a member/],
    [ofData({ a: { $regex: 'x' } }), /^\/data\/a\/\$regex is not an operator; known are: \$eq/],
    [ofData({ a: { $gt: true } }), /^\/data\/a\/\$gt must be a number or a string/],
    [ofData({ a: { $in: 'x' } }), /^\/data\/a\/\$in must be a list/],
    [ofData({ a: { $exists: 1 } }), /^\/data\/a\/\$exists must be true or false/],
    [ofData({ a: { $starts_with: 1 } }), /^\/data\/a\/\$starts_with must be a string/],
    [ofData({ 'a/b~': {} }), /^\/data\/a~1b~0 is empty/],
    [{ $or: [] }, /^\/\$or must be a list of at least one/],
    [{ $or: [{ status: 'x' }, 'y'] }, /^\/\$or\/1 must be an object; for plain values use \$in/],
    [{ $or: [{}] }, /^\/\$or\/0 holds no condition/],
    [{ $not: 1 }, /^\/\$not must be an object/],
    [{ $not: {} }, /^\/\$not holds no condition/],
    [ofData({ a: Number.NaN }), /^\/data\/a is not a JSON value/],
    [ofData({ a: undefined }), /^\/data\/a is not a JSON value/],
  ];
  for (const [document, problem] of table) {
    const [first, ...more] = problems(document);
    assert.match(first ?? '', problem);
    assert.deepEqual(more, []);
  }
});

test('all mistakes are told at once, up to a number', () => {
  assert.equal(problems({ a: 1, b: 2, data: { $x: 1 } }).length, 3);
  const wrong = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`wrong${n}`, 1]));
  assert.equal(problems(wrong).length, 20);
});

function nested(levels: number): unknown {
  let document: unknown = 1;
  for (let level = 0; level < levels; level += 1) document = { a: document };
  return ofData(document);
}

test('a filter has limits', () => {
  // The document itself is the first level and the compared value the last.
  assert.deepEqual(problems(nested(MAX_FILTER_DEPTH - 2)), []);
  assert.match(problems(nested(MAX_FILTER_DEPTH - 1))[0] ?? '', /nested more than/);
  assert.match(problems(nested(100_000))[0] ?? '', /nested more than/);
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
  assert.deepEqual(problems(ofData({ a: { $in: numbers(MAX_FILTER_IN_VALUES) } })), []);
  const tooMany = ofData({ a: { $in: numbers(MAX_FILTER_IN_VALUES + 1) } });
  assert.match(problems(tooMany)[0] ?? '', /holds more than 500 values/);
  const wide = ofData({ a: { $eq: numbers(MAX_FILTER_NODES) } });
  assert.match(problems(wide)[0] ?? '', /^ holds more than 1000 values and conditions/);
  const searches = (count: number) => ({
    $or: numbers(count).map((n) => ofData({ $contains: n })),
  });
  assert.deepEqual(problems(searches(MAX_FILTER_SCANS)), []);
  const [search] = problems(searches(MAX_FILTER_SCANS + 9));
  assert.match(search ?? '', /^\/\$or\/50\/data\/\$contains is one more than the 50 searches/);
  assert.match(problems(ofData({ $in: numbers(51).map(() => [{}]) }))[0] ?? '', /50 searches/);
  assert.match(problems(ofData({ a: 'x'.repeat(2_049) }))[0] ?? '', /more than 2048 characters/);
  const long = ofData(Object.fromEntries(numbers(20).map((n) => [`a${n}`, 'x'.repeat(1_000)])));
  assert.match(problems(long)[0] ?? '', /takes \d+ bytes of JSON; the limit is 16384/);
});

test('a mismatch names the first condition that failed', () => {
  const explain = (document: unknown) => {
    const compiled = compileFilter(document);
    assert.ok(compiled.ok);
    return explainMismatch(compiled.condition, EVENT);
  };
  assert.equal(explain({ event_type: 'task.completed' }), undefined);
  assert.deepEqual(explain({ status: 'ok', event_type: 'x' }), {
    pointer: '/status',
    detail: 'there is no such value, and $eq asks for "ok"',
  });
  assert.deepEqual(explain(ofData({ flag: false, amount: { $gte: 1, $lt: 5 } })), {
    pointer: '/data/amount/$lt',
    detail: 'the value is 100, and $lt asks for 5',
  });
  assert.deepEqual(explain({ $or: [{ status: 'a' }, { status: 'b' }] }), {
    pointer: '/$or',
    detail: 'none of the 2 alternatives of $or holds',
  });
  assert.equal(explain({ $not: { data: { tags: { $contains: 'vip' } } } })?.pointer, '/$not');
  assert.match(explain(ofData('x'))?.detail ?? '', /^the value is an object, and/);
});
