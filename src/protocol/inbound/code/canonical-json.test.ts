import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson, MAX_JSON_DEPTH } from './canonical-json.ts';

test('members are sorted, white space goes, text above ASCII is escaped', () => {
  const text = ' { "b" : [ 1 , true , null ] ,\n "a" : { } , "é" : "☃😀\\u007f\\/" , "": [] } ';
  const expected = '{"":[],"a":{},"b":[1,true,null],"\\u00e9":"\\u2603\\ud83d\\ude00\\u007f/"}';
  assert.equal(canonicalJson(text), expected);
});

test('names are sorted by code points, not by UTF-16 units', () => {
  assert.equal(canonicalJson('{"😀":1,"\uffff":2}'), '{"\\uffff":2,"\\ud83d\\ude00":1}');
  assert.equal(canonicalJson('{"aa":1,"a":2,"B":3}'), '{"B":3,"a":2,"aa":1}');
});

test('numbers keep their spelling, so that nothing can change unseen', () => {
  const text = '[1.0,1,-0,1e5,1E+05,9007199254740993,1e400]';
  assert.equal(canonicalJson(text), text);
});

test('what can be read in two ways, or not at all, has no canonical form', () => {
  const texts = [
    '',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '{a:1}',
    '01',
    '+1',
    '1.',
    '.5',
    'NaN',
    'tru',
    '"\n"',
    '"\\x"',
    '"',
    '"\\',
    '1 1',
    '\u00a01',
    '{"a"1}',
    '{"a":}',
    '[',
    '{"a":1',
  ];
  for (const text of texts) assert.equal(canonicalJson(text), undefined, text);
});

test('nesting is bounded, and a long text needs no long stack', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(canonicalJson(nested(MAX_JSON_DEPTH)), nested(MAX_JSON_DEPTH));
  assert.equal(canonicalJson(nested(MAX_JSON_DEPTH + 2)), undefined);
  assert.equal(canonicalJson(nested(200_000)), undefined);
  const long = JSON.stringify('x'.repeat(2_000_000));
  assert.equal(canonicalJson(long), long);
});

test('what it writes means the same, and is written the same again', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const written = canonicalJson(text);
      assert.ok(written !== undefined);
      assert.deepEqual(JSON.parse(written), JSON.parse(text));
      assert.equal(canonicalJson(written), written);
    }),
  );
});

const hasPython = spawnSync('python3', ['-c', '']).status === 0;

test('Python writes the same', { skip: !hasPython && 'python3 is not installed' }, () => {
  const texts = fc.sample(fc.json({ noUnicodeString: false }), 200).map((text) => {
    // Python spells floats in its own way; integers are what both agree on.
    const value: unknown = JSON.parse(text, (_, item: unknown) =>
      typeof item === 'number' ? Math.trunc(item) % 1e6 || 0 : item,
    );
    return JSON.stringify(value);
  });
  const program = [
    'import json,sys',
    'for line in json.load(sys.stdin):',
    '  print(json.dumps(json.loads(line), separators=(",", ":"), sort_keys=True))',
  ].join('\n');
  const input = JSON.stringify(texts);
  const lines = execFileSync('python3', ['-c', program], { input }).toString().trimEnd();
  assert.deepEqual(texts.map(canonicalJson), lines.split('\n'));
});
