import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batch, newEvent, START_AT } from './contract/factories.ts';
import { withInboxes } from './inbox-retention.ts';
import { createMemoryStorage } from './memory/store.ts';

/** More than one chunk. */
const EVENTS = 450;

test('all messages of old events go before the first of those events', async () => {
  const { journal, inboxes, retention } = createMemoryStorage();
  const events = Array.from({ length: EVENTS + 1 }, (_, index) =>
    newEvent({ sequence: index + 1, createdAt: START_AT + index, matched: [] }),
  );
  await journal.commit(batch({ events }));
  const messages = events.map(({ sequence, createdAt, body }) => ({
    sequence,
    createdAt,
    subscription: 1,
    attempt: 1,
    orderingKey: null,
    contentType: null,
    bytes: body.length,
    body: null,
  }));
  const limits = { messages: 10_000, bytes: 10_000_000 };
  await inboxes.append({ tenant: 1, inbox: 'triage', limits, now: START_AT, messages });
  const left: number[] = [];
  const store = withInboxes(
    {
      async removeOld(order) {
        left.push((await inboxes.find(1, 'triage'))?.messages ?? 0);
        return retention.removeOld(order);
      },
      removeOldInbound: (order) => retention.removeOldInbound(order),
    },
    inboxes,
  );
  const order = { tenant: null, createdBefore: START_AT + EVENTS };
  const { next } = await store.removeOld({ ...order, after: undefined });
  await store.removeOld({ ...order, after: next });
  assert.deepEqual(left, [1, 1]);
});
