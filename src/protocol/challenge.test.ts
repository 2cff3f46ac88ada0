import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { answersChallenge, challengeAnswer, challengeBody, readChallenge } from './challenge.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const tokens = fc.stringMatching(/^[A-Za-z0-9_-]{1,80}$/);

test('what a receiver reads and answers is what the sender asked', () => {
  fc.assert(
    fc.property(tokens, tokens, (token, other) => {
      assert.equal(readChallenge(challengeBody(token)), token);
      const answer = utf8(challengeAnswer(token));
      assert.equal(answersChallenge(answer, token), true);
      assert.equal(answersChallenge(utf8(token), token), true);
      assert.equal(answersChallenge(answer, other), token === other);
    }),
  );
});

test('the token may stand among other members and white space', () => {
  for (const text of ['{"ok":true,"challenge":"abc"}', ' abc\r\n', '{\n "challenge" : "abc" }']) {
    assert.equal(answersChallenge(utf8(text), 'abc'), true, text);
  }
});

test('anything else is no answer', () => {
  const others = ['', '{}', 'abcd', 'ab', '"abc"', '["abc"]', 'null', '{"challenge":1}', 'abc abc'];
  others.push('{"challenge":{"challenge":"abc"}}', '{"token":"abc"}', `abc${' '.repeat(2_000)}`);
  for (const text of others) assert.equal(answersChallenge(utf8(text), 'abc'), false, text);
  assert.equal(answersChallenge(Uint8Array.of(0xff, 0xfe), '\ufffd\ufffd\ufffd'), false);
});

test('an event, or a challenge without a usable token, is no challenge', () => {
  const texts = [
    '{"webhook_id":"evt_1","event_type":"a.b","timestamp":"","data":{"challenge":"abc"}}',
    '{"type":"bellwire.challenge"}',
    '{"type":"bellwire.challenge","challenge":""}',
    `{"type":"bellwire.challenge","challenge":"${'x'.repeat(201)}"}`,
    '{"type":"other","challenge":"abc"}',
    '[]',
    'null',
    '{',
  ];
  for (const text of texts) assert.equal(readChallenge(utf8(text)), undefined, text);
});
