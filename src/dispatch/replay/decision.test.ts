import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DELIVERY_STATES, FINAL_STATES, isFinal } from '../../domain/delivery-state.ts';
import { decide, outcomeOf } from './decision.ts';

const REPLAY = 7;

const standing = fc.record({
  sequence: fc.constant(1),
  subscription: fc.constant(1),
  status: fc.constantFrom(...DELIVERY_STATES),
  attempts: fc.nat({ max: 5 }),
  attemptsBefore: fc.nat({ max: 5 }),
  replay: fc.constantFrom(null, REPLAY - 1, REPLAY, REPLAY + 1),
});
const statuses = fc.option(fc.subarray([...FINAL_STATES], { minLength: 1 }));

test('only what is over and was asked for is sent, and nothing twice', () => {
  fc.assert(
    fc.property(standing, statuses, (found, wanted) => {
      const decision = decide(found, REPLAY, wanted);
      const isMine = found.replay === REPLAY;
      const isYounger = found.replay === REPLAY + 1;
      const isWanted = wanted === null || (isFinal(found.status) && wanted.includes(found.status));
      assert.equal(decision === 'mine', isMine);
      assert.equal(decision === 'send', !isMine && !isYounger && isFinal(found.status) && isWanted);
    }),
  );
});

test('a delivery that never was is made by routing anew, and by nothing else', () => {
  assert.equal(decide(undefined, REPLAY, null), 'send');
  assert.equal(decide(undefined, REPLAY, ['exhausted', 'cancelled']), 'skip');
});

test('the replayed attempt has ended when there is one more than before', () => {
  const row = { status: 'pending', attempts: 3, attemptsBefore: 3, replay: REPLAY } as const;
  assert.equal(outcomeOf(row, REPLAY), undefined);
  assert.equal(outcomeOf({ ...row, status: 'held' }, REPLAY), undefined);
  assert.equal(outcomeOf({ ...row, status: 'waiting' }, REPLAY), undefined, 'its lane was full');
  for (const status of ['waiting', 'exhausted', 'held'] as const) {
    assert.equal(outcomeOf({ ...row, status, attempts: 4 }, REPLAY), 'failed');
  }
  assert.equal(outcomeOf({ ...row, status: 'delivered', attempts: 4 }, REPLAY), 'delivered');
  assert.equal(outcomeOf({ ...row, status: 'cancelled' }, REPLAY), 'cancelled');
});

test('one that somebody else has set on its way since is none of ours any more', () => {
  const row = { status: 'pending', attempts: 3, attemptsBefore: 3 } as const;
  assert.equal(outcomeOf({ ...row, replay: null }, REPLAY), 'skipped');
  assert.equal(outcomeOf({ ...row, replay: REPLAY + 1 }, REPLAY), 'skipped');
});
