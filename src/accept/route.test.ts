import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterDocument, Subscription } from '../domain/subscription.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import type { Publication } from './publication.ts';
import { route } from './route.ts';

const TIMESTAMP = '2026-04-09T12:00:00.000Z';

function subscription(number: number, filter: FilterDocument | null): Subscription {
  return {
    ...webhookSettings({ filter }),
    number,
    id: `sub_${number}`,
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: 0,
    updatedAt: 0,
    secrets: [],
  };
}

function routed(filters: readonly (FilterDocument | null)[], overrides: Partial<Publication> = {}) {
  const all = filters.map((filter, index) => subscription(index, filter));
  const publication = { tenant: 1, eventType: 'task.completed', dataText: '{"n":1}', ...overrides };
  const matched = route({ match: () => all }, publication, 'evt_1', TIMESTAMP);
  return { all, matched, numbers: matched.map(({ number }) => number) };
}

test('of the subscriptions to a type, those are matched whose filter takes the event', () => {
  const filters = [{ data: { n: 1 } }, { data: { n: 2 } }, null, { status: 'ok' }];
  assert.deepEqual(routed(filters).numbers, [0, 2]);
  assert.deepEqual(routed(filters, { dataText: '{"n":2}', status: 'ok' }).numbers, [1, 2, 3]);
});

test('without a filter the list is passed on as it is, and nothing is parsed', () => {
  const { all, matched } = routed([null, null], { dataText: 'not even JSON' });
  assert.equal(matched, all);
});

test('filters see the whole envelope, and the metadata that is never delivered', () => {
  const overrides: Partial<Publication> = {
    taskId: 'task_1',
    runId: 'run_1',
    status: 'success',
    metadataText: '{"region":"eu"}',
  };
  const filter = {
    webhook_id: 'evt_1',
    event_type: 'task.completed',
    timestamp: TIMESTAMP,
    task_id: 'task_1',
    run_id: 'run_1',
    status: 'success',
    data: { n: 1 },
    metadata: { region: 'eu' },
  };
  assert.deepEqual(routed([filter], overrides).numbers, [0]);
  for (const member of Object.keys(filter)) {
    assert.deepEqual(routed([{ ...filter, [member]: 'another' }], overrides).numbers, [], member);
  }
  const absent = { task_id: { $exists: false }, metadata: { $exists: false } };
  assert.deepEqual(routed([absent]).numbers, [0]);
});

test('what the caller has parsed already is not parsed again', () => {
  const parsed = { dataText: 'unread', data: { n: 7 }, metadataText: 'unread', metadata: { m: 8 } };
  assert.deepEqual(routed([{ data: { n: 7 }, metadata: { m: 8 } }], parsed).numbers, [0]);
});

test('a stored filter that this version does not understand takes nothing', () => {
  assert.deepEqual(routed([{ data: { $unheard_of: 1 } }, null]).numbers, [1]);
});
