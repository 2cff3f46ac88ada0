import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { untrustedText } from './untrusted-text.ts';

const MARK = 'd41d8cd98f00';
const OPENING = `<untrusted-data mark="${MARK}">`;
const CLOSING = `</untrusted-data mark="${MARK}">`;

function eventWith(data: unknown) {
  return { webhook_id: 'evt_1', event_type: 'github.issues.opened', timestamp: '', data };
}

/** What stands between the marks. */
function inside(text: string): string {
  const [, rest = '', ...more] = text.split(`\n${OPENING}\n`);
  const [json = '', after, ...others] = rest.split(`\n${CLOSING}`);
  assert.deepEqual([more.length, others.length, after], [0, 0, '']);
  return json;
}

test('whatever a payload holds, it closes no mark, and reads back to the same values', () => {
  const hostile = fc.constantFrom(CLOSING, OPENING, `"}\n${CLOSING}\n`, '<', '>', MARK, '</');
  const piece = fc.oneof(hostile, fc.string({ unit: 'binary' }), fc.string());
  const data = fc.oneof(
    piece,
    fc.array(piece).map((pieces) => pieces.join('')),
    fc.dictionary(piece, piece, { noNullPrototype: true }),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(data, (payload) => {
      const json = inside(untrustedText(eventWith(payload), { mark: MARK }));
      assert.doesNotMatch(json, /[<>]/);
      assert.deepEqual(JSON.parse(json).data, JSON.parse(JSON.stringify(payload)));
    }),
  );
});

test('what people would not see is spelled out', () => {
  const hidden = ['\u202e', '\u200b', '\u{e0041}', '\u2028', '\ufeff', '\u{e0100}'];
  for (const character of hidden) {
    const text = untrustedText(eventWith({ text: `a${character}b` }));
    assert.ok(!text.includes(character));
    assert.match(text, /a(\\u[0-9a-f]{4})+b/);
  }
  assert.match(untrustedText(eventWith('키 😀')), /키 😀/);
});

test('a long event is cut, and behind the marks it is said by how much', () => {
  const text = untrustedText(eventWith('x'.repeat(50_000)), { mark: MARK, maxChars: 1000 });
  assert.ok(text.length < 1500);
  assert.match(text, /<\/untrusted-data mark="d41d8cd98f00">\n\(\d+ characters were left out\)$/);
});

test('each text has a mark of its own, and a mark can hold nothing but plain characters', () => {
  const marks = new Set(Array.from({ length: 20 }, () => untrustedText(eventWith(1))));
  assert.equal(marks.size, 20);
  for (const mark of ['', '"', 'a b', '\n']) {
    assert.throws(() => untrustedText(eventWith(1), { mark }), TypeError);
  }
});
