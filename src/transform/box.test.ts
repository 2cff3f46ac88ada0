/**
 * Expressions in the box they run in: the real process, because what breaks a realm off in the
 * middle also upsets the test runner.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_TRANSFORM_OUTPUT_BYTES } from '../domain/limits.ts';
import { systemClock } from '../runtime/system.ts';
import { Box, type BoxOutcome } from './box.ts';
import type { BoxFailure } from './box/messages.ts';

const INSTANT = Date.parse('2026-04-09T12:00:00.000Z');
const EVENT = {
  webhook_id: 'evt_1',
  event_type: 'task.completed',
  timestamp: '2026-04-09T12:00:00.000Z',
  data: { amount: 3, name: 'kim', card: 'geheim-4711', list: [3, 1, 2], none: null },
};

const box = new Box(systemClock, () => undefined);
after(() => box.kill());

function run(
  source: string,
  input: string | null = JSON.stringify(EVENT),
  tenant = 1,
): Promise<BoxOutcome> {
  return new Promise((resolve) => {
    box.run({ tenant, source, input, instant: INSTANT }, resolve);
  });
}

async function output(source: string, input?: string): Promise<unknown> {
  const reply = await run(source, input);
  assert.ok(reply.kind === 'output', `${source}: ${JSON.stringify(reply)}`);
  return JSON.parse(reply.text);
}

async function failureOf(source: string, input?: string | null): Promise<BoxFailure> {
  const reply = await run(source, input);
  assert.ok(reply.kind === 'failed', `${source}: ${JSON.stringify(reply)}`);
  return reply.failure;
}

test('an expression gets the envelope and gives the body', async () => {
  const table: [source: string, expected: unknown][] = [
    ['{"sum": $sum(data.list), "who": $uppercase(data.name)}', { sum: 6, who: 'KIM' }],
    ['$', EVENT],
    ['data.list[$ > 1]', [3, 2]],
    ['"text"', 'text'],
    ['null', null],
    ['data.none', null],
    ['[]', []],
    ['{"a": data.missing}', {}],
    ['$base64encode("hi")', 'aGk='],
    [
      '$ ~> |data|{"amount": amount * 2}, ["card", "list", "none", "name"]| ~> $lookup("data")',
      { amount: 6 },
    ],
  ];
  for (const [source, expected] of table) assert.deepEqual(await output(source), expected, source);
});

test('the present is the time of the event, in UTC', async () => {
  assert.equal(await output('$now()'), '2026-04-09T12:00:00.000Z');
  assert.equal(await output('$millis()'), INSTANT);
  assert.equal(await output('$now("[Y]-[M01]-[D01]")'), '2026-04-09');
  // What a picture leaves out is taken from the present.
  const evening = await output('$fromMillis($toMillis("18:30", "[H01]:[m01]"))');
  assert.equal(evening, '2026-04-09T18:30:00.000Z');
});

test('what would differ between two attempts, or run a text, may not be used', async () => {
  const sources = ['$random()', '($r := $random; $r())', '$shuffle(data.list)', '$eval("1")'];
  for (const source of [...sources, '{"a": [1, data.{"b": $map(list, $random)}]}']) {
    for (const input of [undefined, null]) {
      const { kind, detail, offset } = await failureOf(source, input);
      assert.equal(kind, 'expression');
      assert.match(detail, /^\$(random|shuffle|eval) may not be used: /);
      assert.ok(offset !== null && offset > 0 && offset <= source.length);
    }
  }
});

test('an expression that does not compile is refused with its place, without input', async () => {
  const table: [source: string, offset: number, detail: RegExp][] = [
    ['{"a": ', 6, /Expected "}" before end of expression/],
    ['data.', 5, /Unexpected end of expression/],
    ['1 +\n\n }', 7, /"}" cannot be used as a unary operator/],
    ['"open', 5, /String literal must be terminated/],
    ['', 0, /Unexpected end of expression/],
  ];
  for (const [source, offset, detail] of table) {
    const failure = await failureOf(source, null);
    assert.equal(failure.kind, 'expression');
    assert.equal(failure.offset, offset, source);
    assert.match(failure.detail, detail);
  }
  assert.deepEqual(await run('data.amount', null), { kind: 'output', text: '' });
});

test('what is kept of a failure holds nothing of the event', async () => {
  const sources = [
    '$number(data.card)',
    '$error(data.card)',
    '$assert(false, data.card)',
    'data.amount < data.card',
    '$toMillis(data.card)',
    'data.{card: 1, $substring(card, 0): 2}',
    '$formatBase(1, $length(data.card)*99)',
    '[1..data.card]',
    '$decodeUrl(data.card & "%")',
    '$ ~> |data|card|',
    'data.card()',
    '$sort([data.amount, data.card])',
  ];
  for (const source of sources) {
    const { detail, message } = await failureOf(source);
    assert.ok(!detail.includes('geheim') && !detail.includes('4711'), `${source}: ${detail}`);
    assert.ok(message.length > 0);
  }
  assert.equal((await failureOf('$error(data.card)')).message, 'geheim-4711');
});

test('a result must be JSON within the limits', async () => {
  const table: [source: string, kind: string, detail: RegExp][] = [
    ['data.missing', 'expression', /the result is nothing/],
    ['$sum', 'expression', /holds a function/],
    ['{"f": function($x){$x}}', 'expression', /holds a function/],
    ['1/0', 'expression', /a number that JSON can not write/],
    ['$ ~> |$|{"self": $}|', 'limit', /nested more than 500 levels/],
    [`$pad("x", ${MAX_TRANSFORM_OUTPUT_BYTES + 1})`, 'limit', /more than 1048576 bytes/],
    [`$pad("é", ${MAX_TRANSFORM_OUTPUT_BYTES / 2 + 1}, "é")`, 'limit', /more than 1048576 bytes/],
    // Some hundred values in memory, and 10^20 as text.
    [`(${doubled(20)})`, 'limit', /more than 1048576 bytes/],
  ];
  for (const [source, kind, detail] of table) {
    const failure = await failureOf(source);
    assert.equal(failure.kind, kind, source);
    assert.match(failure.detail, detail, source);
  }
  const most = MAX_TRANSFORM_OUTPUT_BYTES - 2;
  assert.equal(String(await output(`$pad("x", ${most}, "x")`)).length, most);
});

function doubled(times: number): string {
  const steps = Array.from({ length: times }, (_, n) => {
    const before = `[$v${n}]`;
    return `$v${n + 1} := [${Array.from({ length: 10 }, () => before).join()}]`;
  });
  return `$v0 := [1]; ${steps.join('; ')}; $v${times}`;
}

test('nothing outlasts the time limit', async () => {
  const endless = [
    '($f := function($n){$f($n+1)}; $f(1))',
    '$match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", /^(a+)+$/)',
    '$reduce([1..90000], function($a, $v){$count([1..90000])})',
  ];
  for (const source of endless) {
    assert.deepEqual(await failureOf(source), {
      kind: 'limit',
      detail: 'it took longer than 500 ms',
      message: 'it took longer than 500 ms',
      offset: null,
    });
    assert.equal(await output('data.amount'), 3);
  }
});

test('endless recursion and huge sequences are stopped by their depth and length', async () => {
  assert.equal((await failureOf('($f := function($n){1 + $f($n+1)}; $f(1))')).kind, 'limit');
  assert.equal((await failureOf('[1..20000000]')).kind, 'limit');
  assert.equal((await failureOf('$map([1..200000], function($v){$v})')).kind, 'limit');
});

test('an event nested deeper than any stack fails and breaks nothing', async () => {
  const deep = `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  assert.equal((await run('**', deep)).kind, 'failed');
  assert.equal((await run('$', deep)).kind, 'failed');
  assert.equal(await output('1', deep), 1);
});

test('members named like parts of objects are data like any other', async () => {
  const text = '{"data":{"__proto__":{"x":1},"constructor":"c","toString":2,"hasOwnProperty":3}}';
  assert.equal(JSON.stringify(await output('$', text)), text);
  assert.equal(await output('data.__proto__.x', text), 1);
  assert.equal(await output('data.constructor', text), 'c');
  const made = JSON.stringify(await output('{"__proto__": {"polluted": 1}}'));
  assert.equal(made, '{"__proto__":{"polluted":1}}');
  await output(
    '$ ~> |$|{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}|',
  );
  await output('$merge([{"__proto__": {"polluted": 1}}, {"a": 1}])');
  assert.equal(
    (await failureOf('polluted', '{}')).detail,
    (await failureOf('missing', '{}')).detail,
  );
  for (const source of [
    'constructor',
    '$lookup($, "constructor")',
    '$sum.constructor',
    'toString',
  ]) {
    assert.match((await failureOf(source)).detail, /the result is nothing/, source);
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('an expression has the same answer every time, whatever ran before it', async () => {
  const sources = [
    '$now()',
    '$keys(data)',
    '$string($)',
    '$sort(data.list)',
    '$distinct(data.list)',
  ];
  const first = await inTurn(sources);
  await failureOf('($now := 1; $sum := 2; $f := function($n){$f($n+1)}; $f(1))');
  await run('$now := 1');
  assert.deepEqual(await inTurn(sources), first);
});

async function inTurn(sources: readonly string[]): Promise<unknown[]> {
  const outputs: unknown[] = [];
  for (const source of sources) outputs.push(await output(source));
  return outputs;
}

test('more tenants and expressions than are kept are served all the same', async () => {
  for (let tenant = 1; tenant <= 40; tenant += 1) {
    assert.deepEqual(await run('data.amount', undefined, tenant), { kind: 'output', text: '3' });
  }
  for (let n = 0; n < 200; n += 1) assert.equal(await output(`data.amount + ${n}`), 3 + n);
  assert.equal(await output('data.amount + 0'), 3);
});

const PARTS =
  'data amount $ $$ * ** % . [ ] ( ) { } " ` / 1 -1 1e9 : , ; := ~> | ^ < > = & ? .. @ # in ' +
  'and λ function($x){$x} $map $reduce $string $sum $now() $f';
const part = fc.constantFrom(...PARTS.split(' '));

const FUNCTIONS =
  'sum string count keys reverse distinct type not exists number length uppercase sort spread ' +
  'merge lookup split match replace base64encode fromMillis toMillis formatNumber boolean power';

/** Expressions that mostly compile, of everything the language has. */
const { program } = fc.letrec<{ program: string }>((tie) => {
  const one = tie('program');
  const two = fc.tuple(one, one);
  return {
    program: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(
        'data',
        '$',
        '1',
        '"a"',
        'null',
        'true',
        '**',
        '*',
        '[]',
        '{}',
        '$now()',
        '$x',
      ),
      fc
        .tuple(one, fc.constantFrom(...'+ - * / % & = != < in and or .. ~>'.split(' ')), one)
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      fc.tuple(fc.constantFrom(...FUNCTIONS.split(' ')), one).map(([name, x]) => `$${name}(${x})`),
      two.map(([list, body]) => `$map(${list}, function($x){${body}})`),
      two.map(([list, key]) => `${list}{$string(${key}): ${key}}`),
      two.map(([first, then]) => `($x := ${first}; ${then})`),
      two.map(([list, filter]) => `${list}[${filter}]`),
      two.map(([list, order]) => `${list}^(${order})`),
      two.map(([outer, inner]) => `${outer}.(${inner})`),
      two.map(([left, right]) => `[${left}, {"k": ${right}}]`),
      two.map(([test_, other]) => `${test_} ? ${other} : ${test_}`),
      two.map(([target, update]) => `$ ~> |${target}|${update}|`),
    ),
  };
});

test('no text makes it throw or hang: it gives a result or says what is wrong', async () => {
  const source = fc.oneof(
    { weight: 3, arbitrary: program },
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ maxLength: 30 }),
  );
  let outputs = 0;
  await fc.assert(
    fc.asyncProperty(source, fc.jsonValue(), async (text, data) => {
      const reply = await run(text, JSON.stringify({ data }));
      if (reply.kind === 'output') {
        outputs += 1;
        JSON.parse(reply.text);
        return;
      }
      assert.ok(reply.kind === 'failed', JSON.stringify(reply));
      assert.notEqual(reply.failure.detail, '');
    }),
    { numRuns: 1_000 },
  );
  assert.ok(outputs > 100, `${outputs} gave a result`);
});
