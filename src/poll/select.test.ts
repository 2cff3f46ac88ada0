import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_SELECT_CHARS } from '../domain/limits-poll.ts';
import { compileSelect } from './select.ts';

const BANK = {
  accounts: [
    { id: 'a', balance: 5, owner: { name: 'Kim' } },
    { id: 'b', balance: 50, owner: { name: 'Lee' } },
  ],
};

test('a path selects the very values of the answer, not copies', () => {
  const [first] = compileSelect('$.accounts[0]').values(BANK);
  assert.equal(first, BANK.accounts[0]);
});

test('filters, wildcards and descents select in document order', () => {
  assert.deepEqual(compileSelect('$.accounts[?@.balance > 10].id').values(BANK), ['b']);
  assert.deepEqual(compileSelect('$..name').values(BANK), ['Kim', 'Lee']);
  assert.deepEqual(compileSelect('$.accounts[?count(@.*) == 3].id').values(BANK), ['a', 'b']);
});

test('nothing there is an empty list, and inherited members are not there', () => {
  assert.deepEqual(compileSelect('$.nothing').values(BANK), []);
  assert.deepEqual(compileSelect('$.constructor').values(BANK), []);
  assert.deepEqual(compileSelect('$.__proto__').values(BANK), []);
});

test('it tells a path to one place from others', () => {
  assert.equal(compileSelect('$.accounts[0].id').isSingular, true);
  assert.equal(compileSelect('$.accounts[*].id').isSingular, false);
});

test('what is no JSONPath is refused with a place and a reason', () => {
  assert.throws(() => compileSelect('accounts'), /is no JSONPath \(RFC 9535\): /);
  assert.throws(() => compileSelect('$[?match(@.id, "(a+)+$")]'), /match\(\) is left out/);
  assert.throws(() => compileSelect(`$${'.a'.repeat(MAX_SELECT_CHARS)}`), /longer than/);
});

test('an expression that multiplies its work ends with a reason instead of a stall', () => {
  const wide = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`m${at}`, { at }]));
  assert.throws(() => compileSelect('$[?count($..*) > 1]').values(wide), /150000 steps/);
  const deep: unknown = JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`);
  assert.throws(() => compileSelect(`$${'[0,0]'.repeat(40)}`).values(deep), /150000 steps/);
});

test('a descent into a very deep answer ends with a reason', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(5_000)}1${']'.repeat(5_000)}`);
  assert.throws(() => compileSelect('$..a').values(deep), /recursion limit/);
});
