import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseMasterKeys } from '../domain/secret-box.ts';
import { eventId, parseEventId } from '../domain/ids.ts';
import { envelopeDataText } from '../protocol/envelope.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import { DenseSequences } from '../storage/sequences.ts';
import { newEvent } from '../storage/contract/factories.ts';
import { createMemoryStorage } from '../storage/memory/store.ts';
import type { StorageFailure } from '../storage/storage.ts';
import { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import { FaultyJournal } from '../testing/faulty-journal.ts';
import { ProcessClock } from '../testing/process-clock.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { START_AT, TENANT, webhookSettings } from '../testing/simulated-world.ts';
import type { Publication, PublishResult } from './publication.ts';
import { createPublisher } from './publisher.ts';
import { liveSecret } from '../domain/subscription.ts';

/** Where the entrance sheds load, see publisher.ts. */
const MAX_QUEUED_EVENTS = 50_000;
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;

function setup() {
  const clock = new SimulatedClock(START_AT);
  const { journal, control } = createMemoryStorage();
  const state: { refusal?: string; failure?: StorageFailure } = {};
  const disk = new FaultyJournal(journal, new ProcessClock(clock), (operation) =>
    operation === 'commit' && state.failure !== undefined
      ? { fault: 'before', failure: state.failure }
      : {},
  );
  const onBroken = () => undefined;
  const writer = new JournalWriter({
    journal: disk,
    sequences: new DenseSequences(0),
    clock,
    onBroken,
  });
  const masterKeys = parseMasterKeys(Buffer.alloc(32, 7).toString('base64'));
  const random = new SeededRandom(1);
  const registry = new SubscriptionRegistry({ control, masterKeys, clock, random });
  const refusal = () => state.refusal;
  const publisher = createPublisher({ writer, directory: registry, clock, refusal });
  const publish = async (overrides: Partial<Publication> = {}): Promise<PublishResult> => {
    const { promise, resolve } = Promise.withResolvers<PublishResult>();
    publisher.publish(publication(overrides), resolve);
    await clock.advance(0);
    return promise;
  };
  const subscribe = (eventTypes: readonly string[] = ['**'], tenant = TENANT) =>
    registry.create({
      tenant,
      settings: webhookSettings({ eventTypes }),
      secrets: [liveSecret('a secret of sixteen bytes')],
    });
  const stored = async (sequence: number) => {
    const event = await journal.event(TENANT, sequence);
    assert.ok(event !== undefined, `event ${sequence} is stored`);
    return { ...event, text: Buffer.from(event.body).toString() };
  };
  return { clock, journal, writer, registry, publisher, state, publish, subscribe, stored };
}

function publication(overrides: Partial<Publication> = {}): Publication {
  return { tenant: TENANT, eventType: 'task.completed', dataText: '{"n":1}', ...overrides };
}

test('an accepted event is stored and names the subscriptions it matched', async () => {
  const { publish, subscribe, stored } = setup();
  const wanted = await subscribe(['task.*']);
  await subscribe(['run.*']);
  await subscribe(['**'], TENANT + 1);
  const id = eventId(START_AT, 1);
  assert.deepEqual(await publish(), { kind: 'accepted', id, deliveries: 1 });
  assert.deepEqual((await stored(1)).matched, [wanted.number]);
});

test('an event that matches nothing is stored all the same', async () => {
  const { publish, stored } = setup();
  const result = await publish();
  assert.equal(result.kind === 'accepted' && result.deliveries, 0);
  assert.deepEqual((await stored(1)).matched, []);
});

test('the derived id is the webhook_id of the body', async () => {
  const { publish, stored } = setup();
  const result = await publish();
  assert.ok(result.kind === 'accepted');
  const body: unknown = JSON.parse((await stored(1)).text);
  assert.deepEqual(body, {
    webhook_id: result.id,
    event_type: 'task.completed',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: { n: 1 },
  });
  assert.deepEqual(parseEventId(result.id), { createdAt: START_AT, sequence: 1 });
});

test("a publisher's own id is the webhook_id", async () => {
  const { publish, stored } = setup();
  const result = await publish({ id: 'order-7' });
  assert.deepEqual(result, { kind: 'accepted', id: 'order-7', deliveries: 0 });
  const event = await stored(1);
  assert.equal(event.customId, 'order-7');
  assert.match(event.text, /^\{"webhook_id":"order-7",/);
});

test('what the publisher gave is kept, and private notes stay out of the body', async () => {
  const { publish, stored } = setup();
  const references = { taskId: 'task_1', runId: 'run_1', status: 'success' };
  await publish({ ...references, orderingKey: 'lane', metadataText: '{"note":"private"}' });
  const event = await stored(1);
  const { taskId, runId, status, orderingKey, metadata, text } = event;
  assert.deepEqual({ taskId, runId, status }, references);
  assert.deepEqual(
    { orderingKey, metadata },
    { orderingKey: 'lane', metadata: '{"note":"private"}' },
  );
  assert.equal(text.includes('private'), false);
  assert.equal(text.includes('lane'), false);
  const body: unknown = JSON.parse(text);
  assert.partialDeepStrictEqual(body, { task_id: 'task_1', run_id: 'run_1', status: 'success' });
});

test('occurred_at is the timestamp of the body, and created_at stays the acceptance', async () => {
  const { publish, stored } = setup();
  await publish({ occurredAt: Date.UTC(2020, 1, 29, 12, 0, 0, 7) });
  const event = await stored(1);
  assert.match(event.text, /"timestamp":"2020-02-29T12:00:00\.007Z"/);
  assert.equal(event.createdAt, START_AT);
});

test('the bytes of data arrive untouched: spaces, key order, escapes and numbers', async () => {
  const { publish, stored } = setup();
  const tricky = '{ "b":1.0, "a": 1e2,\n"b":2, "u":"\\u00e9é\\/", "n":12345678901234567890 }';
  const texts = [tricky, '[]', 'null', '"}"', ...fc.sample(fc.json(), { numRuns: 50, seed: 1 })];
  for (const [index, dataText] of texts.entries()) {
    await publish({ dataText });
    assert.equal(envelopeDataText((await stored(index + 1)).text), dataText);
  }
});

test('done is never called before publish returns, taken or refused', async () => {
  const { clock, publisher, state } = setup();
  for (const refusal of [undefined, 'draining']) {
    if (refusal !== undefined) state.refusal = refusal;
    const results: PublishResult[] = [];
    publisher.publish(publication(), (result) => results.push(result));
    assert.equal(results.length, 0);
    await clock.advance(0);
    assert.equal(results.length, 1, 'and it is called once');
  }
});

test('a repeat under the same Idempotency-Key is told the first event', async () => {
  const { clock, publish, subscribe, journal } = setup();
  await subscribe();
  const first = await publish({ idempotencyKey: 'k' });
  assert.ok(first.kind === 'accepted');
  await subscribe();
  await clock.advance(1_000);
  assert.deepEqual(await publish({ idempotencyKey: 'k' }), {
    kind: 'duplicate',
    id: first.id,
    eventType: 'task.completed',
    deliveries: 1,
  });
  assert.equal((await journal.contents([1, 2])).length, 1);
});

test('a repeat under the same id is a duplicate, within one commit and later', async () => {
  const { clock, publisher, publish } = setup();
  const results: PublishResult[] = [];
  for (let count = 0; count < 2; count += 1) {
    publisher.publish(publication({ id: 'x' }), (result) => results.push(result));
  }
  await clock.advance(0);
  results.push(await publish({ id: 'x' }));
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['accepted', 'duplicate', 'duplicate'],
  );
  assert.ok(results.every((result) => 'id' in result && result.id === 'x'));
});

test('another request under a taken key or id is a conflict', async () => {
  const { publish } = setup();
  await publish({ id: 'x', idempotencyKey: 'k' });
  const otherBody = await publish({ id: 'x', dataText: '{"n":2}' });
  const otherId = await publish({ id: 'y', idempotencyKey: 'k' });
  for (const result of [otherBody, otherId]) {
    assert.equal(result.kind, 'conflict');
    assert.ok(result.kind === 'conflict' && result.reason.includes('id or idempotency key'));
  }
});

test('a key of one tenant is free for another', async () => {
  const { publish } = setup();
  await publish({ idempotencyKey: 'k' });
  const other = await publish({ tenant: TENANT + 1, idempotencyKey: 'k', dataText: '{}' });
  assert.equal(other.kind, 'accepted');
});

test('deliveries of paused and disabled subscriptions are held with a reason', async () => {
  const { publish, subscribe, registry, journal } = setup();
  await subscribe();
  const paused = await subscribe();
  const disabled = await subscribe();
  await registry.change(paused.number, { status: 'paused' });
  await registry.change(disabled.number, { status: 'disabled' });
  const result = await publish();
  assert.equal(result.kind === 'accepted' && result.deliveries, 3);
  const views = await journal.deliveriesOf(TENANT, 1);
  assert.deepEqual(
    views.map(({ status, reason, nextAttemptAt }) => ({ status, reason, nextAttemptAt })),
    [
      { status: 'pending', reason: null, nextAttemptAt: null },
      { status: 'held', reason: 'the subscription is paused', nextAttemptAt: null },
      { status: 'held', reason: 'the subscription is disabled', nextAttemptAt: null },
    ],
  );
});

test('deliver_at in the future schedules every delivery, paused ones included', async () => {
  const { publish, subscribe, registry, journal } = setup();
  await subscribe();
  const paused = await subscribe();
  await registry.change(paused.number, { status: 'paused' });
  await publish({ deliverAt: START_AT + 60_000 });
  for (const view of await journal.deliveriesOf(TENANT, 1)) {
    assert.equal(view.status, 'waiting');
    assert.equal(view.nextAttemptAt, START_AT + 60_000);
    assert.equal(view.reason, 'scheduled by deliver_at');
  }
});

test('deliver_at that has passed delivers at once', async () => {
  const { publish, subscribe, journal } = setup();
  await subscribe();
  await publish({ deliverAt: START_AT });
  assert.equal((await journal.deliveriesOf(TENANT, 1))[0]?.status, 'pending');
});

test('an event for one subscription alone reaches it whatever it asked for', async () => {
  const { publish, subscribe, stored } = setup();
  await subscribe(['**']);
  const only = await subscribe(['run.*']);
  const result = await publish({ eventType: 'bellwire.test', only });
  assert.equal(result.kind === 'accepted' && result.deliveries, 1);
  assert.deepEqual((await stored(1)).matched, [only.number]);
});

test('a refusing node stores nothing and says why and when to come back', async () => {
  const { publish, state, journal } = setup();
  state.refusal = 'the node is shutting down';
  assert.deepEqual(await publish(), {
    kind: 'unavailable',
    reason: 'the node is shutting down',
    retryAfterSeconds: 1,
  });
  assert.equal((await journal.state()).lastSequence, 0);
});

test('a full disk is unavailable, and the entrance opens again once there is space', async () => {
  const { publish, state } = setup();
  state.failure = 'full';
  assert.deepEqual(await publish(), {
    kind: 'unavailable',
    reason: 'the disk of the store is full',
    retryAfterSeconds: 5,
  });
  delete state.failure;
  assert.equal((await publish()).kind, 'accepted');
});

test('any other failure of the store is unavailable without its details', async () => {
  const { publish, state } = setup();
  state.failure = 'busy';
  const result = await publish();
  assert.ok(result.kind === 'unavailable');
  assert.equal(result.reason, 'the store could not save the event');
});

test('too many events that wait to be stored are overload, until they are stored', async () => {
  const { clock, writer, publish } = setup();
  const event = newEvent({ tenant: TENANT + 1 });
  for (let count = 0; count < MAX_QUEUED_EVENTS; count += 1) {
    writer.append({ ...event, sequence: writer.nextSequence() }, () => undefined);
  }
  const refused = await publish();
  assert.ok(refused.kind === 'unavailable');
  assert.match(refused.reason, /^50000 events \(\d+ bytes\) already wait to be stored$/);
  while (!writer.isQuiet) await clock.advance(0);
  assert.equal((await publish()).kind, 'accepted');
});

test('too many bytes that wait to be stored are overload', async () => {
  const { writer, publish, state } = setup();
  // So that a test about the queue does not fill the memory with what is stored.
  state.failure = 'closed';
  const body = new Uint8Array(MAX_QUEUED_BYTES / 16);
  for (let count = 0; count < 16; count += 1) {
    const sequence = writer.nextSequence();
    writer.append(newEvent({ sequence, body }), () => undefined);
  }
  const refused = await publish();
  assert.equal(
    refused.kind === 'unavailable' && refused.reason,
    `16 events (${MAX_QUEUED_BYTES} bytes) already wait to be stored`,
  );
});
