import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Fuel, OutOfFuel } from './fuel.ts';
import { LinearPattern } from './pattern-program.ts';
import { PatternError } from './pattern-syntax.ts';

const PLENTY = 1e9;

function linear(source: string, steps = PLENTY): LinearPattern {
  const fuel = new Fuel();
  fuel.fill(steps);
  return new LinearPattern(source, fuel);
}

const ATOMS =
  'a b . [ab] [^a] \\w \\d \\s \\u0061 \\x62 \\u{1F600} 😀 \\p{L} [\\]a-c] \\. \\/ \\n ' +
  '[\\u{1F600}-\\u{1F64F}] \\uD83D\\uDE00';
const atom = fc.constantFrom(...ATOMS.split(' '));
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '{2}?');

/** Regular expressions without lookaround and backreferences. */
const source = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 2 },
    atom,
    // `\B` apart: V8 finds one in the middle of a surrogate pair, which is no place in the text.
    fc.constantFrom('^', '$', '\\b'),
    fc.tuple(fc.constantFrom('(', '(?:', '(?<n>'), tie('pattern')).map(
      ([open, inside]) =>
        // The same name twice is no regular expression.
        `${open === '(?<n>' && inside.includes('(?<n>') ? '(' : open}${inside})`,
    ),
  ),
  pattern: fc
    .array(fc.array(fc.tuple(tie('part'), quantifier), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 2,
    })
    .map((options) => options.map((parts) => parts.map(quantified).join('')).join('|')),
})).pattern;

/** Nothing can be said how often about an assertion. */
function quantified([part, count]: [string, string]): string {
  return ['^', '$', '\\b'].includes(part) ? part : part + count;
}

const subject = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' ', '\n', '.', ']', '😀', '\ud83d'), {
  maxLength: 8,
});

test('any pattern finds what the regular expressions of the platform find', () => {
  fc.assert(
    fc.property(source, fc.array(subject, { minLength: 1, maxLength: 8 }), (text, subjects) => {
      let expected: RegExp;
      try {
        expected = new RegExp(text, 'u');
      } catch {
        // One name in two options, and the like.
        fc.pre(false);
        return;
      }
      const pattern = linear(text);
      for (const characters of subjects) {
        const given = characters.join('');
        assert.equal(pattern.test(given), expected.test(given), `/${text}/ on ${given}`);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('there is no word boundary inside a word, nor between other characters', () => {
  for (const [text, expected] of [
    ['ab', true],
    ['a', false],
    ['a b', false],
    ['a  b', true],
    ['', true],
    ['a😀a', false],
  ] as const) {
    assert.equal(linear('\\B').test(text), expected, text);
  }
});

test('patterns that take others for ever take as many steps as the text is long', () => {
  const text = `${'a'.repeat(10_000)}!`;
  for (const evil of ['^(a+)+$', '(a|a)*b', '^(a|aa)+$', '(.*)*b', 'a+b', '^(a?){20}a{20}$']) {
    assert.equal(linear(evil, 200 * text.length).test(text), false, evil);
  }
});

test('a match that takes too many steps is broken off', () => {
  assert.throws(() => linear('(a|b)*c', 1_000).test('ab'.repeat(1_000)), OutOfFuel);
});

const refused: readonly (readonly [pattern: string, why: RegExp])[] = [
  ['(?=a)', /looks ahead at character 1/],
  ['b(?!a)', /looks ahead at character 2/],
  ['(?<=a)b', /looks behind/],
  ['(?<!a)b', /looks behind/],
  ['(a)\\1', /refers back to a group at character 4/],
  ['(?<n>a)\\k<n>', /refers back/],
  ['(?i:a)', /changes flags/],
  ['a{600}b{600}', /more than 1000 parts/],
  ['((a{30}){30}){30}', /more than 1000 parts/],
  ['[a', /no regular expression with the flag u: Unterminated/],
  ['\\_', /no regular expression with the flag u: Invalid escape/],
  ['a'.repeat(2_001), /more than 2000 characters/],
];

for (const [pattern, why] of refused) {
  test(`${pattern.slice(0, 30)} is refused with the reason`, () => {
    assert.throws(
      () => linear(pattern),
      (error) => error instanceof PatternError && why.test(error.message),
    );
  });
}

test('a billion times nothing is nothing', () => {
  assert.equal(linear('^(?:(?:){1000000000}){1000000000}(?:()){0,1000000000}$').test(''), true);
});
