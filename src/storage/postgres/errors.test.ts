import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StorageError } from '../storage.ts';
import { codeOf, storageError } from './errors.ts';

function withCode(code: string): Error {
  return Object.assign(new Error('said the server'), { code });
}

test('what passes is busy, a full disk is full, and all else is broken', () => {
  const failures: Record<StorageError['failure'], readonly unknown[]> = {
    busy: `57P01 57P02 57P03 57014 08006 53300 53200 40001 40P01 55P03 25006 25P03 28P01
      ECONNREFUSED ECONNRESET ETIMEDOUT EPIPE EAI_AGAIN ENOTFOUND`
      .split(/\s+/)
      .map(withCode),
    full: [withCode('53100')],
    broken: [withCode('23505'), withCode('42P01'), withCode('XX001'), withCode('58030'), 'odd'],
    closed: [new StorageError('closed', 'the store is closed')],
  };
  for (const [failure, errors] of Object.entries(failures)) {
    for (const error of errors) {
      assert.equal(storageError(error).failure, failure, codeOf(error) || String(error));
    }
  }
});

test('what pg says without a code when a connection is lost is busy', () => {
  for (const message of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ]) {
    assert.equal(storageError(new Error(message)).failure, 'busy', message);
  }
  assert.equal(storageError(new TypeError('x is not a function')).failure, 'broken');
});

test('a name with several addresses is busy when none of them answers', () => {
  const refused = new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')]);
  assert.equal(storageError(refused).failure, 'busy');
  const odd = new AggregateError([withCode('ECONNREFUSED'), new Error('odd')]);
  assert.equal(storageError(odd).failure, 'broken');
});
