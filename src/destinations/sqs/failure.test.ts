import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryFailure, sqsFailure } from './failure.ts';

function answered(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('said by the server, and not shown'), {
    name,
    $metadata: { httpStatusCode },
  });
}

const ANSWERS = [
  ['AccessDeniedException', 403, 'auth_failed'],
  ['InvalidClientTokenId', 403, 'auth_failed'],
  ['SignatureDoesNotMatch', 403, 'auth_failed'],
  ['ExpiredTokenException', 403, 'auth_failed'],
  ['KmsThrottled', 400, 'overloaded'],
  ['RequestThrottled', 403, 'overloaded'],
  ['InternalFailure', 500, 'overloaded'],
  ['SomethingNew', 503, 'overloaded'],
  ['QueueDoesNotExist', 400, 'rejected'],
  ['AWS.SimpleQueueService.NonExistentQueue', 400, 'rejected'],
  ['InvalidMessageContents', 400, 'rejected'],
  ['BatchRequestTooLong', 400, 'rejected'],
  ['SyntaxError', 0, 'reset'],
] as const;

for (const [name, status, reason] of ANSWERS) {
  test(`${name} with ${status} is ${reason}`, () => {
    const failure = sqsFailure(answered(name, status));
    assert.equal(failure.reason, reason);
    assert.ok(!failure.detail.includes('said by the server'));
  });
}

test('an entry is rejected where it is the fault of the sender, and tried again elsewhere', () => {
  const reasonOf = (Code: string, SenderFault: boolean) =>
    entryFailure({ Code, SenderFault }).reason;
  assert.equal(reasonOf('InvalidMessageContents', true), 'rejected');
  assert.equal(reasonOf('KmsThrottled', true), 'overloaded');
  assert.equal(reasonOf('KmsAccessDenied', true), 'auth_failed');
  assert.equal(reasonOf('InternalError', false), 'overloaded');
  assert.equal(entryFailure({}).reason, 'overloaded');
});
