import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  DELIVERY_STATE_EVENTS,
  DELIVERY_STATES,
  deliveryStateDiagram,
  FINAL_STATES,
  INITIAL_STATES,
  isFinal,
  transition,
  TRANSITIONS,
  type DeliveryState,
} from './delivery-state.ts';

const state = fc.constantFrom(...DELIVERY_STATES);
const event = fc.constantFrom(...DELIVERY_STATE_EVENTS);

test('a delivery leaves a final state only when somebody resends it', () => {
  for (const final of FINAL_STATES) {
    for (const cause of DELIVERY_STATE_EVENTS) {
      const expected = cause === 'resent' ? 'pending' : undefined;
      assert.equal(transition(final, cause), expected, `${final} on ${cause}`);
    }
  }
});

test('exactly the final states are called final', () => {
  const final: readonly DeliveryState[] = FINAL_STATES;
  for (const each of DELIVERY_STATES) assert.equal(isFinal(each), final.includes(each));
});

test('every state is reached from the states a delivery is born in', () => {
  const reached = new Set<DeliveryState>(INITIAL_STATES);
  for (const from of reached) {
    for (const cause of DELIVERY_STATE_EVENTS) {
      const to = transition(from, cause);
      // A set visits what is added while it is walked.
      if (to !== undefined) reached.add(to);
    }
  }
  assert.deepEqual([...reached].toSorted(), [...DELIVERY_STATES].toSorted());
});

test('no order of events leads out of the set of delivery states', () => {
  fc.assert(
    fc.property(fc.constantFrom(...INITIAL_STATES), fc.array(event), (start, events) => {
      let now: DeliveryState = start;
      for (const cause of events) now = transition(now, cause) ?? now;
      assert.ok(DELIVERY_STATES.includes(now));
    }),
    { numRuns: 200 },
  );
});

test('a try starts only in a state that is due and ends only while sending', () => {
  fc.assert(
    fc.property(state, (from) => {
      const due = from === 'pending' || from === 'waiting';
      assert.equal(transition(from, 'attempt_started'), due ? 'sending' : undefined);
      const sending = from === 'sending';
      assert.equal(transition(from, 'succeeded'), sending ? 'delivered' : undefined);
      assert.equal(transition(from, 'failed_retry_at'), sending ? 'waiting' : undefined);
      assert.equal(transition(from, 'schedule_ended'), sending ? 'exhausted' : undefined);
      assert.equal(transition(from, 'released'), sending ? 'pending' : undefined);
    }),
  );
});

test('whatever is not final can be held and cancelled, and is not tried while held', () => {
  for (const from of DELIVERY_STATES.filter((each) => !isFinal(each))) {
    assert.equal(transition(from, 'cancelled'), 'cancelled');
    const held = from === 'held' ? undefined : 'held';
    assert.equal(transition(from, 'subscription_held'), held);
  }
  assert.equal(transition('held', 'subscription_resumed'), 'pending');
  assert.equal(transition('held', 'attempt_started'), undefined);
});

test('a resend applies to all deliveries that are not on their way already', () => {
  for (const from of DELIVERY_STATES) {
    const onItsWay = from === 'pending' || from === 'sending';
    assert.equal(transition(from, 'resent'), onItsWay ? undefined : 'pending', from);
  }
});

test('the diagram has one arrow for each allowed pair and marks beginnings and ends', () => {
  const lines = deliveryStateDiagram().trimEnd().split('\n');
  assert.equal(lines[0], 'stateDiagram-v2');
  const arrows = DELIVERY_STATES.flatMap((from) =>
    DELIVERY_STATE_EVENTS.flatMap((cause) => {
      const to = transition(from, cause);
      return to === undefined ? [] : [`    ${from} --> ${to}: ${cause}`];
    }),
  );
  assert.deepEqual(
    lines.slice(1).filter((line) => !line.includes('[*]')),
    arrows,
  );
  const begins = lines.filter((line) => line.startsWith('    [*] --> '));
  assert.equal(begins.length, INITIAL_STATES.length);
  assert.ok(lines.includes('    delivered --> [*]'));
});

test('every allowed event changes the state, so that none is recorded for nothing', () => {
  for (const from of DELIVERY_STATES) {
    for (const to of Object.values(TRANSITIONS[from])) assert.notEqual(to, from);
  }
});
