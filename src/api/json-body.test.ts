import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyText, parseJson } from './json-body.ts';
import { Problem } from './problems.ts';

const broken: readonly [string, string][] = [
  ['', 'it is empty'],
  [' \n', 'it is empty'],
  ['{"a":1', 'it goes wrong at line 1, column 7'],
  ['{\n  "a":1,\n}', 'it goes wrong at line 3, column 1'],
  ['{"a":}', 'it goes wrong at line 1, column 6'],
  ['hello', 'it goes wrong at line 1, column 1'],
  [`{"a":"${'x'.repeat(5_000)}",\n"b":?}`, 'it goes wrong at line 2, column 5'],
  ['\uFEFF{}', 'it goes wrong at line 1, column 1'],
  ['nul', 'it ends too early or holds something unexpected'],
];

for (const [text, where] of broken) {
  test(`the place of the mistake is told for ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.throws(
      () => parseJson(text),
      (error) =>
        error instanceof Problem &&
        error.code === 'invalid_json' &&
        error.message === `The body is not JSON: ${where}.`,
    );
  });
}

test('a large broken text is refused without a search for the place', () => {
  assert.throws(() => parseJson(`{"a":"${'x'.repeat(70_000)}",?`), /goes wrong|unexpected/);
});

test('bytes that are not UTF-8 are refused before they are read', () => {
  assert.throws(() => bodyText(Buffer.from([0x22, 0xff, 0x22])), /not valid UTF-8/);
  assert.equal(bodyText(Buffer.from('"é"')), '"é"');
});
