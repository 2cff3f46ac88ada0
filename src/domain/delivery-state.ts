/**
 * The life of a delivery as a table. Engines and stores ask `transition`; nobody else decides
 * which state may follow which. `docs/delivery-states.md` is generated from this file.
 */

export const DELIVERY_STATES = [
  'pending',
  'sending',
  'waiting',
  'held',
  'delivered',
  'exhausted',
  'cancelled',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const FINAL_STATES = ['delivered', 'exhausted', 'cancelled'] as const;
export type FinalDeliveryState = (typeof FINAL_STATES)[number];

/** The states a delivery may be born in. */
export const INITIAL_STATES = ['pending', 'waiting', 'held'] as const;
export type InitialDeliveryState = (typeof INITIAL_STATES)[number];

export const DELIVERY_STATE_EVENTS = [
  'attempt_started',
  'succeeded',
  'failed_retry_at',
  'schedule_ended',
  'subscription_held',
  'subscription_resumed',
  'cancelled',
  'resent',
  'released',
] as const;
export type DeliveryStateEvent = (typeof DELIVERY_STATE_EVENTS)[number];

/** What each state means, in a sentence that documentation and the dashboard can show. */
export const DELIVERY_STATE_MEANINGS: Readonly<Record<DeliveryState, string>> = {
  pending: 'Due now; it waits for room in its lane, or for an earlier event of its ordering key.',
  sending: 'One try is under way.',
  waiting: 'The next try has a set time: a retry, or the `deliver_at` of the event.',
  held:
    'Its subscription is paused or disabled, or waits for its challenge; it is kept and goes on ' +
    'when that ends.',
  delivered: 'The destination took it.',
  exhausted: 'The retry schedule ended without success; it is kept and can be resent.',
  cancelled: 'Somebody called it off, or its subscription was deleted.',
};

/** How a delivery comes to be in its first state. */
const INITIAL_STATE_MEANINGS: Readonly<Record<InitialDeliveryState, string>> = {
  pending: 'accepted',
  waiting: 'accepted with deliver_at',
  held: 'accepted while the subscription is held',
};

/** What each event tells, in a sentence. */
export const DELIVERY_STATE_EVENT_MEANINGS: Readonly<Record<DeliveryStateEvent, string>> = {
  attempt_started: 'A try begins.',
  succeeded: 'The try was taken by the destination.',
  failed_retry_at: 'The try failed and the schedule holds another one.',
  schedule_ended: 'The try failed and the schedule holds no other one.',
  subscription_held:
    'The subscription was paused or disabled. A try under way runs to its end first: a success ' +
    'still counts, a failure (the 410 that disabled it included) is held.',
  subscription_resumed: 'The subscription is active again.',
  cancelled:
    'Cancelled by hand or with its subscription. A try under way may still arrive; its answer is ' +
    'recorded as an attempt and no longer changes the state.',
  resent: 'Somebody asked for another try now.',
  released:
    'The try was broken off from our side (shutdown, crash, takeover by another node) and counts ' +
    'as never made; the receiver may have seen it.',
};

type Row = Readonly<Partial<Record<DeliveryStateEvent, DeliveryState>>>;

/** A pair that is absent is not allowed. */
export const TRANSITIONS: Readonly<Record<DeliveryState, Row>> = {
  pending: {
    attempt_started: 'sending',
    subscription_held: 'held',
    cancelled: 'cancelled',
  },
  sending: {
    succeeded: 'delivered',
    failed_retry_at: 'waiting',
    schedule_ended: 'exhausted',
    subscription_held: 'held',
    cancelled: 'cancelled',
    released: 'pending',
  },
  waiting: {
    attempt_started: 'sending',
    subscription_held: 'held',
    cancelled: 'cancelled',
    resent: 'pending',
  },
  held: {
    subscription_resumed: 'pending',
    cancelled: 'cancelled',
    resent: 'pending',
  },
  delivered: { resent: 'pending' },
  exhausted: { resent: 'pending' },
  cancelled: { resent: 'pending' },
};

/** The state that follows, or `undefined` when the event is not allowed in this state. */
export function transition(
  state: DeliveryState,
  event: DeliveryStateEvent,
): DeliveryState | undefined {
  return TRANSITIONS[state][event];
}

/** True when nothing more happens to the delivery unless somebody resends it. */
export function isFinal(state: DeliveryState): state is FinalDeliveryState {
  return state === 'delivered' || state === 'exhausted' || state === 'cancelled';
}

/** The table as a mermaid `stateDiagram-v2`, for documentation. */
export function deliveryStateDiagram(): string {
  const lines = ['stateDiagram-v2'];
  for (const state of INITIAL_STATES) {
    lines.push(`    [*] --> ${state}: ${INITIAL_STATE_MEANINGS[state]}`);
  }
  for (const from of DELIVERY_STATES) {
    for (const event of DELIVERY_STATE_EVENTS) {
      const to = transition(from, event);
      if (to !== undefined) lines.push(`    ${from} --> ${to}: ${event}`);
    }
  }
  for (const state of FINAL_STATES) lines.push(`    ${state} --> [*]`);
  return `${lines.join('\n')}\n`;
}
