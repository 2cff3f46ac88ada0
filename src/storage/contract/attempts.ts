import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSame } from './checks.ts';
import { attempt, batch, newEvent, START_AT } from './factories.ts';
import { sharedStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

export function describeAttempts(harness: StorageHarness): void {
  describe('journal: attempts', () => {
    const store = sharedStore(harness);
    keepsAllFields(store);
    listsInOrder(store);
    takesOneTwice(store);
  });
}

function keepsAllFields(store: StoreUnderTest): void {
  it('keeps every field of an attempt, through a restart', async () => {
    const failed = attempt({
      number: 1,
      outcome: 'failed',
      failureReason: 'status',
      detail: 'The target answered 503 — “später”.',
      responseStatus: 503,
      responseHeaders: '{"retry-after":"7","x-note":"naïve"}',
      responseBody: Uint8Array.of(0, 255, 128, 10, 0xed, 0xa0),
      durationMs: 1_234.5,
      startedAt: START_AT + 5,
      nextAttemptAt: START_AT + 7_005,
    });
    const unanswered = attempt({
      number: 2,
      trigger: 'retry',
      outcome: 'failed',
      failureReason: 'timeout',
      detail: 'No answer within 15 s.',
      responseStatus: null,
      responseHeaders: null,
      responseBody: null,
      durationMs: 15_000,
    });
    const resent = attempt({ number: 3, trigger: 'resend', responseBody: new Uint8Array(0) });
    await store.journal.commit(
      batch({ events: [newEvent()], attempts: [failed, unanswered, resent] }),
    );
    await store.reopen();
    assertSame(await store.journal.attempts(1, 1), [failed, unanswered, resent]);
  });
}

function listsInOrder(store: StoreUnderTest): void {
  it('lists the attempts of one delivery only, oldest first', async () => {
    const events = [newEvent({ sequence: 11, matched: [1, 2] }), newEvent({ sequence: 12 })];
    await store.journal.commit(
      batch({ events, attempts: [attempt({ sequence: 11, number: 10 })] }),
    );
    await store.journal.commit(
      batch({
        attempts: [
          attempt({ sequence: 11, number: 2 }),
          attempt({ sequence: 11, number: 1 }),
          attempt({ sequence: 11, subscription: 2 }),
          attempt({ sequence: 12 }),
        ],
      }),
    );
    const found = await store.journal.attempts(11, 1);
    assert.deepEqual(
      found.map((each) => [each.sequence, each.subscription, each.number]),
      [
        [11, 1, 1],
        [11, 1, 2],
        [11, 1, 10],
      ],
    );
    assert.deepEqual(await store.journal.attempts(12, 2), []);
  });
}

function takesOneTwice(store: StoreUnderTest): void {
  it('keeps one of an attempt that is committed again', async () => {
    // A settle is repeated when the result of its first commit never became known.
    const settle = batch({ attempts: [attempt({ sequence: 21, detail: 'once' })] });
    await store.journal.commit(batch({ events: [newEvent({ sequence: 21 })] }));
    await store.journal.commit(settle);
    await store.journal.commit(batch({ attempts: [...settle.attempts, ...settle.attempts] }));
    assertSame(await store.journal.attempts(21, 1), settle.attempts);
    assert.equal((await store.journal.delivery(1, 21, 1))?.attempts, 1);
  });
}
