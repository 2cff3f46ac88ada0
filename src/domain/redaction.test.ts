import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileRedaction, REDACTED_TEXT } from './redaction.ts';

/** A JSON text in its parts, so that what it should become can be written without any parsing. */
type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Spaced[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] };
interface Spaced {
  readonly before: string;
  readonly piece: Piece;
  readonly after: string;
}
interface Member extends Spaced {
  readonly key: string;
  /** The key as it is spelled, without quotes. */
  readonly spelled: string;
}

const KEYS = ['a', 'b', '0', '1', 'odd.key', '"', '__proto__'];
const space = fc.constantFrom('', ' ', '\n\t', ' \r\n ');

const literal = fc
  .oneof(
    fc.constantFrom('true', 'false', 'null', '0', '-1.5e+9', '""', '"\\""', '"\\\\"', '"]},"'),
    fc.string().map((text) => JSON.stringify(text)),
  )
  .map((text): Piece => ({ kind: 'literal', text }));

/** Each character plainly, or as an escape. */
function spelling(key: string): fc.Arbitrary<string> {
  const plain = (char: string) => JSON.stringify(char).slice(1, -1);
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return fc
    .array(fc.boolean(), { minLength: key.length, maxLength: key.length })
    .map((escapes) =>
      Array.from(key, (char, at) => (escapes[at] ? escaped(char) : plain(char))).join(''),
    );
}

const { piece } = fc.letrec<{ piece: Piece }>((tie) => {
  const spaced = { before: space, piece: tie('piece'), after: space };
  const member = fc
    .constantFrom(...KEYS)
    .chain((key) => fc.record({ key: fc.constant(key), spelled: spelling(key), ...spaced }));
  const items = fc.array(fc.record(spaced), { maxLength: 4 });
  // Names may come twice: JSON allows it, and each of the values must go.
  const members = fc.array(member, { maxLength: 5 });
  return {
    piece: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      literal,
      fc.record({ kind: fc.constant('array'), items }),
      fc.record({ kind: fc.constant('object'), members }),
    ),
  };
});

/** A key, `*` or `**`; no key is called like a star here. */
type Step = string;
const star = fc.constantFrom('*', '**');
const steps = fc
  .array(fc.oneof(fc.constantFrom(...KEYS), star), { maxLength: 4 })
  .filter((path) => path.at(-1) !== '**');

function pathText(path: readonly Step[]): string {
  const texts = path.map((step) =>
    step === '*' || step === '**' ? `.${step}` : `[${JSON.stringify(step)}]`,
  );
  return `data${texts.join('')}`;
}

function leadsTo(path: readonly Step[], keys: readonly string[]): boolean {
  const [step, ...rest] = path;
  const [key, ...deeper] = keys;
  if (step === undefined) return key === undefined;
  if (step === '**' && leadsTo(rest, keys)) return true;
  if (key === undefined) return false;
  if (step === '**') return leadsTo(path, deeper);
  return (step === '*' || step === key) && leadsTo(rest, deeper);
}

function write(value: Piece, paths: readonly Step[][], keys: readonly string[] = []): string {
  if (paths.some((path) => leadsTo(path, keys))) return REDACTED_TEXT;
  if (value.kind === 'literal') return value.text;
  const inner = ({ before, piece: child, after }: Spaced, key: string) =>
    before + write(child, paths, [...keys, key]) + after;
  if (value.kind === 'array') {
    return `[${value.items.map((item, index) => inner(item, String(index))).join(',')}]`;
  }
  const members = value.members.map((member) => {
    const { spelled, after, key } = member;
    return `${after}"${spelled}"${after}:${inner(member, key)}`;
  });
  return `{${members.join(',')}}`;
}

test('exactly the named values are replaced; every other byte stays', () => {
  const input = fc.record({ value: piece, paths: fc.array(steps, { maxLength: 4 }), edge: space });
  fc.assert(
    fc.property(input, ({ value, paths, edge }) => {
      const text = edge + write(value, []) + edge;
      const { apply } = compileRedaction(paths.map(pathText));
      assert.equal(apply('data', text), edge + write(value, paths) + edge);
    }),
    { numRuns: 500 },
  );
});

test('it means the same as to parse, replace and write', () => {
  fc.assert(
    fc.property(piece, fc.array(steps, { maxLength: 4 }), (value, paths) => {
      const text = write(value, []);
      const { apply } = compileRedaction(paths.map(pathText));
      const expected = replaced(JSON.parse(text), paths, []);
      assert.deepEqual(JSON.parse(apply('data', text)), expected);
    }),
    { numRuns: 500 },
  );
});

function replaced(value: unknown, paths: readonly Step[][], keys: readonly string[]): unknown {
  if (paths.some((path) => leadsTo(path, keys))) return JSON.parse(REDACTED_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, child]) => [key, replaced(child, paths, [...keys, key])] as const,
  );
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

test('data and metadata have paths of their own', () => {
  const { apply } = compileRedaction(['data.a', 'metadata.b']);
  const text = '{"a":1,"b":2}';
  assert.equal(apply('data', text), '{"a":"[redacted]","b":2}');
  assert.equal(apply('metadata', text), '{"a":1,"b":"[redacted]"}');
});

test('a text without anything to hide is the same text', () => {
  const text = '{ "b": [1, {"c": 2}] }';
  assert.equal(compileRedaction(['data.a', 'data.b[1].d']).apply('data', text), text);
});

test('nesting deeper than calls can go is followed all the same', () => {
  const depth = 100_000;
  const { apply } = compileRedaction(['data.**.secret']);
  const open = '{"a":['.repeat(depth);
  const close = ']}'.repeat(depth);
  const text = `${open}{"secret":"4111"}${close}`;
  assert.equal(apply('data', text), `${open}{"secret":"[redacted]"}${close}`);
});

test('broken text is an error, never a text that holds the secret', () => {
  const { apply } = compileRedaction(['data.**.secret']);
  const whole = '{"a":[{"secret":"4111"},1],"b":"c"}';
  for (let end = 0; end < whole.length; end += 1) {
    assert.throws(() => apply('data', whole.slice(0, end)), SyntaxError, whole.slice(0, end));
  }
});

test('a path that is none is refused', () => {
  assert.throws(() => compileRedaction(['card']), TypeError);
});
