/** Inboxes against the contract of destinations, over a real store. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Subscription } from '../../domain/subscription.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { systemClock } from '../../runtime/system.ts';
import { batch, newEvent } from '../../storage/contract/factories.ts';
import type { InboxLimits, InboxMessage } from '../../storage/inbox.ts';
import { openSqliteStorage } from '../../storage/sqlite/store.ts';
import type { Storage } from '../../storage/storage.ts';
import { ScriptedTransformer } from '../../testing/scripted-transformer.ts';
import { planMessage } from '../broker/message.ts';
import {
  attempt,
  destinationContract,
  jobFor,
  outcomeOf,
  subscriptionTo,
} from '../contract/destination-contract.ts';
import type { DestinationWorld, ReceivedMessage } from '../contract/harness.ts';
import type { AttemptJob } from '../destination.ts';
import { InboxDestination } from './inbox.ts';
import { FaultyInboxes } from './testing/faulty-inboxes.ts';

const NAME = 'triage';
const PAYLOADS = { publicUrl: () => 'https://bellwire.test', links: new ThinLinks([]) };
const ROOM: InboxLimits = { messages: 100_000, bytes: 1_000_000 };

interface InboxWorld extends DestinationWorld {
  readonly storage: Storage;
  readonly errors: readonly unknown[];
}

async function openWorld(t: TestContext, limits = ROOM): Promise<InboxWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwire-inbox-'));
  const storage = await openSqliteStorage({ directory });
  const faulty = new FaultyInboxes(storage.inboxes);
  const errors: unknown[] = [];
  const destination = new InboxDestination({
    inboxes: faulty,
    clock: systemClock,
    transformer: new ScriptedTransformer(),
    payloads: PAYLOADS,
    onError: (error) => errors.push(error),
    limits,
  });
  t.after(async () => {
    await faulty.heal();
    await destination.close();
    await storage.close();
    await rm(directory, { recursive: true, force: true });
  });
  const events = new Events(storage);
  return {
    storage,
    errors,
    destination: {
      attempt(job, done) {
        events.publish(job);
        return destination.attempt(job, done);
      },
      close: () => destination.close(),
    },
    where: { destination: { kind: 'inbox', name: NAME }, credentials: null },
    proxy: faulty,
    received: async () => {
      const { tenant } = subscriptionTo({
        destination: { kind: 'inbox', name: NAME },
        credentials: null,
      });
      const query = { after: 0, limit: 1_000 };
      const { items } = await storage.inboxes.messages(tenant, NAME, query);
      return Promise.all(items.map((message) => events.pulled(message)));
    },
    wrongCredentials: null,
    rejecting: null,
    // It would not fit into an empty one.
    poison: (job) => ({ ...job, body: Buffer.alloc(ROOM.bytes + 1, 'x') }),
  };
}

/** The journal behind the inbox. A message and its event are all that a pull has to go by. */
class Events {
  readonly #storage: Storage;
  readonly #commits = new Map<number, Promise<unknown>>();
  #subscription: Subscription | null = null;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  publish({ subscription, sequence, createdAt, eventId, eventType, body }: AttemptJob): void {
    this.#subscription = subscription;
    if (this.#commits.has(sequence)) return;
    const { tenant } = subscription;
    const parts = { sequence, tenant, createdAt, customId: eventId, eventType, body };
    const commit = this.#storage.journal.commit(batch({ events: [newEvent(parts)] }));
    this.#commits.set(sequence, commit);
  }

  async pulled(message: InboxMessage): Promise<ReceivedMessage> {
    await this.#commits.get(message.sequence);
    const [event] = await this.#storage.journal.contents([message.sequence]);
    const subscription = this.#subscription;
    assert.ok(event !== undefined && subscription !== null);
    const job = {
      subscription: { ...subscription, number: message.subscription },
      eventId: event.customId ?? '',
      eventType: event.eventType,
      orderingKey: message.orderingKey,
      sequence: message.sequence,
      createdAt: message.createdAt,
      body: event.body,
      attemptNumber: message.attempt,
      startedAt: message.enqueuedAt,
    };
    const { headers } = planMessage(job, null, PAYLOADS);
    return { body: message.body ?? event.body, headers };
  }
}

destinationContract({ name: 'inbox', skip: undefined, open: (t) => openWorld(t) });

test('a full inbox is a failure of its own, and has room again later', async (t) => {
  const world = await openWorld(t, { messages: 2, bytes: 1_000_000 });
  const subscription = subscriptionTo(world.where);
  const results = await Promise.all(
    [1, 2, 3].map((sequence) => attempt(world, jobFor(subscription, sequence))),
  );
  assert.deepEqual(results.map(outcomeOf), ['delivered', 'delivered', 'inbox_full']);
  assert.match(JSON.stringify(results[2]), /the inbox triage is full: it holds up to 2 messages/);
  const old = { tenant: null, createdBefore: Number.MAX_SAFE_INTEGER, limit: 1 };
  assert.equal(await world.storage.inboxes.removeOld(old), 1);
  const again = jobFor(subscription, 3, { attemptNumber: 2 });
  assert.equal(outcomeOf(await attempt(world, again)), 'delivered');
});

test('the same event again is one message while it waits there', async (t) => {
  const world = await openWorld(t);
  const subscription = subscriptionTo(world.where);
  assert.equal(outcomeOf(await attempt(world, jobFor(subscription, 1))), 'delivered');
  const again = jobFor(subscription, 1, { attemptNumber: 2 });
  assert.equal(outcomeOf(await attempt(world, again)), 'delivered');
  assert.equal((await world.received(1)).length, 1);
});

test('an envelope is not stored twice; what a format made of it is', async (t) => {
  const world = await openWorld(t);
  const plain = subscriptionTo(world.where);
  const formatted = subscriptionTo(world.where, { number: 4, payloadFormat: 'cloudevents' });
  await Promise.all([plain, formatted].map((one) => attempt(world, jobFor(one, 1))));
  const { tenant } = plain;
  const { items } = await world.storage.inboxes.messages(tenant, NAME, { after: 0, limit: 9 });
  assert.deepEqual(
    items.map(({ body, contentType }) => [body === null, contentType]),
    [
      [true, null],
      [false, 'application/cloudevents+json'],
    ],
  );
});

test('a failure that nobody foresaw is told to the operator', async (t) => {
  const errors: unknown[] = [];
  const surprise = new Error('nobody foresaw this');
  const destination = new InboxDestination({
    inboxes: { append: () => Promise.reject(surprise) },
    clock: systemClock,
    transformer: new ScriptedTransformer(),
    payloads: PAYLOADS,
    onError: (error) => errors.push(error),
  });
  t.after(() => destination.close());
  const where = { destination: { kind: 'inbox', name: NAME }, credentials: null } as const;
  const result = await attempt({ destination }, jobFor(subscriptionTo(where), 1));
  assert.equal(outcomeOf(result), 'connect');
  assert.deepEqual(errors, [surprise]);
});
