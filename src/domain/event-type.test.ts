import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkEventType, checkEventTypePattern, isOperationalEventType } from './event-type.ts';
import { MAX_EVENT_TYPE_CHARS, MAX_EVENT_TYPE_SEGMENTS } from './limits.ts';

test('an event type is one or more dotted parts of letters, digits, "_" and "-"', () => {
  const good = ['a', 'task.completed', 'A-b_9.c', '0', 'github.pull_request.opened', '-._'];
  for (const text of good) assert.equal(checkEventType(text), undefined, text);
});

test('an event type is refused with a sentence that names what is odd', () => {
  const alphabet = 'letters, digits, "_" and "-"';
  const tail = `; parts, joined by dots, are made of ${alphabet}`;
  assert.equal(checkEventType(''), 'an event type must not be empty');
  for (const text of ['.a', 'a.', 'a..b', '.']) {
    assert.equal(checkEventType(text), `an event type has an empty part${tail}`);
  }
  for (const odd of ['a b', '*', '**', 'é', 'a/b', 'a\n', '__proto__ ']) {
    assert.equal(checkEventType(`x.${odd}`), `an event type can't have the part "${odd}"${tail}`);
  }
});

test('an event type and a pattern keep to the limits of length and depth', () => {
  const longest = 'a'.repeat(MAX_EVENT_TYPE_CHARS);
  const deepest = Array.from({ length: MAX_EVENT_TYPE_SEGMENTS }, () => 'a').join('.');
  for (const check of [checkEventType, checkEventTypePattern]) {
    assert.equal(check(longest), undefined);
    assert.equal(check(deepest), undefined);
    assert.match(check(`${longest}a`) ?? '', /has at most 128 characters, this one has 129$/);
    assert.match(check(`${deepest}.a`) ?? '', /has at most 16 parts, this one has 17$/);
  }
});

test('a pattern may have "*" for any part and "**" for the last', () => {
  for (const text of ['task.completed', 'task.*', '*.done', 'a.*.b', '*', '**', 'a.*.**']) {
    assert.equal(checkEventTypePattern(text), undefined, text);
  }
  assert.equal(checkEventTypePattern('**.a'), '"**" may only be the last part of a pattern');
  for (const text of ['', 'a*', 'a.***', 'a.', 'a. *', '*.*b', 'a.?']) {
    assert.match(checkEventTypePattern(text) ?? '', /^an event type pattern /, text);
  }
});

test('whatever is an event type is also a pattern', () => {
  const text = fc.array(fc.constantFrom('a', '-', '_', '.', '*', ' '), { maxLength: 8 });
  fc.assert(
    fc.property(text, (characters) => {
      const candidate = characters.join('');
      if (checkEventType(candidate) !== undefined) return;
      assert.equal(checkEventTypePattern(candidate), undefined);
    }),
    { numRuns: 200 },
  );
});

test('an event type is operational when its first part is "bellwire"', () => {
  for (const text of ['bellwire', 'bellwire.subscription.disabled']) {
    assert.equal(isOperationalEventType(text), true);
  }
  for (const text of ['bellwires.a', 'Bellwire.a', 'a.bellwire', 'bellwire-a.b']) {
    assert.equal(isOperationalEventType(text), false);
  }
});
