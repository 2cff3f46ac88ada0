/** Inboxes: what is put there, in which order, how much, and how it goes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InboxLimits, InboxMessage, InboxView, NewInboxMessage } from '../inbox.ts';
import { StorageError } from '../storage.ts';
import { allPages, assertSame } from './checks.ts';
import { createdAtOf, START_AT, utf8 } from './factories.ts';
import { freshStore, type StorageHarness, type StoreUnderTest } from './harness.ts';

const ROOM: InboxLimits = { messages: 1_000, bytes: 1_000_000 };
const NOW = START_AT + 60_000;

export function describeInboxes(harness: StorageHarness): void {
  describe('inboxes', () => {
    const store = freshStore(harness);
    describe('appending', () => describeAppending(store));
    describe('the order', () => describeOrder(store));
    describe('reading', () => describeReading(store));
    describe('limits', () => describeLimits(store));
    describe('the end of messages', () => describeRemoval(store));
  });
}

function newMessage(overrides: Partial<NewInboxMessage> = {}): NewInboxMessage {
  const sequence = overrides.sequence ?? 1;
  return {
    sequence,
    createdAt: createdAtOf(sequence),
    subscription: 1,
    attempt: 1,
    orderingKey: null,
    contentType: null,
    bytes: 10,
    body: null,
    ...overrides,
  };
}

interface Into {
  readonly tenant?: number;
  readonly inbox?: string;
  readonly limits?: InboxLimits;
  readonly now?: number;
}

function append({ inboxes }: StoreUnderTest, messages: readonly NewInboxMessage[], to: Into = {}) {
  return inboxes.append({
    tenant: 1,
    inbox: 'triage',
    limits: ROOM,
    now: NOW,
    ...to,
    messages,
  });
}

async function read({ inboxes }: StoreUnderTest, name = 'triage', tenant = 1) {
  const page = await inboxes.messages(tenant, name, { after: 0, limit: 1_000 });
  return page.items;
}

function describeAppending(store: StoreUnderTest): void {
  it('keeps every field, through a restart', async () => {
    const large = Buffer.from('before {"감":"사"} behind');
    const full = newMessage({
      sequence: 2 ** 45 + 1,
      createdAt: START_AT,
      subscription: 7,
      attempt: 3,
      orderingKey: 'trip-1 감사',
      contentType: 'application/cloudevents+json',
      bytes: 11,
      // A view into a larger buffer.
      body: large.subarray(7, 18),
    });
    const plain = newMessage({ sequence: 2 ** 45 + 2, createdAt: START_AT });
    assert.deepEqual(await append(store, [full, plain]), ['stored', 'stored']);
    const waiting = { enqueuedAt: NOW, leasedUntil: null, lease: null, pulls: 0 };
    const expected = [
      { ...full, position: 1, ...waiting },
      { ...plain, position: 2, ...waiting },
    ];
    assertSame(await read(store), expected);
    await store.reopen();
    assertSame(await read(store), expected);
  });

  it('takes the same event of the same subscription once', async () => {
    const message = newMessage();
    assert.deepEqual(await append(store, [message]), ['stored']);
    const other = newMessage({ subscription: 2 });
    const again = { ...message, attempt: 2 };
    assert.deepEqual(await append(store, [again, other, other]), ['known', 'stored', 'known']);
    assert.deepEqual(await append(store, [again], { inbox: 'other' }), ['stored']);
    const found = await read(store);
    assert.deepEqual(
      found.map(({ attempt, subscription }) => [attempt, subscription]),
      [
        [1, 1],
        [1, 2],
      ],
    );
    assert.equal((await store.inboxes.find(1, 'triage'))?.messages, 2);
  });
}

function describeOrder(store: StoreUnderTest): void {
  it('gives positions that rise in the order in which messages become visible', async () => {
    const appended = Array.from({ length: 20 }, (_, index) =>
      append(store, [newMessage({ sequence: 2 * index + 1 }), newMessage({ sequence: 2 * index })]),
    );
    const seen: number[] = [];
    for (const one of appended) {
      await one;
      const after = seen.at(-1) ?? 0;
      const { items } = await store.inboxes.messages(1, 'triage', { after, limit: 1_000 });
      seen.push(...items.map(({ position }) => position));
    }
    assert.equal(seen.length, 40);
    assert.deepEqual(
      seen,
      (await read(store)).map(({ position }) => position),
    );
  });

  it('stores nothing once the store is closed, and says so', async () => {
    await store.storage.close();
    await assert.rejects(append(store, [newMessage()]), (error) => {
      return error instanceof StorageError && error.failure === 'closed';
    });
  });
}

function describeReading(store: StoreUnderTest): void {
  it('reads on behind a position, page by page', async () => {
    const messages = Array.from({ length: 7 }, (_, index) => newMessage({ sequence: index + 1 }));
    await append(store, messages);
    const all = await allPages<InboxMessage, number>(3, (after = 0) =>
      store.inboxes.messages(1, 'triage', { after, limit: 3 }),
    );
    assert.deepEqual(
      all.map(({ sequence }) => sequence),
      messages.map(({ sequence }) => sequence),
    );
  });

  it('keeps inboxes and tenants apart', async () => {
    await append(store, [newMessage()]);
    await append(store, [newMessage({ sequence: 2 })], { inbox: 'other' });
    await append(store, [newMessage({ sequence: 3 })], { tenant: 2 });
    assert.deepEqual(
      (await read(store)).map(({ sequence }) => sequence),
      [1],
    );
    assert.deepEqual(
      (await read(store, 'triage', 2)).map(({ sequence }) => sequence),
      [3],
    );
    assertSame(await read(store, 'other', 2), []);
    assert.equal(await store.inboxes.find(2, 'other'), undefined);
  });

  it('lists the inboxes of a tenant by name, with what they hold', async () => {
    for (const inbox of ['b', 'a', 'c-1', 'B']) {
      await append(store, [newMessage()], { inbox, now: NOW + 1 });
    }
    await append(store, [newMessage({ sequence: 2, bytes: 5 })], { inbox: 'a', now: NOW + 9 });
    await append(store, [newMessage()], { tenant: 2, inbox: 'theirs' });
    const all = await allPages<InboxView, string>(2, (after) =>
      store.inboxes.list(1, { after, limit: 2 }),
    );
    assert.deepEqual(
      all.map(({ name }) => name),
      ['B', 'a', 'b', 'c-1'],
    );
    const held = { messages: 2, bytes: 15, lastPosition: 2 };
    assertSame(all[1], { name: 'a', ...held, createdAt: NOW + 1, updatedAt: NOW + 9 });
    assertSame(await store.inboxes.find(1, 'a'), all[1]);
  });
}

function describeLimits(store: StoreUnderTest): void {
  it('refuses messages past the number an inbox may hold, and takes none behind them', async () => {
    const limits = { ...ROOM, messages: 2 };
    const three = [1, 2, 3].map((sequence) => newMessage({ sequence }));
    assert.deepEqual(await append(store, three, { limits }), ['stored', 'stored', 'full']);
    assert.deepEqual(await append(store, three, { limits }), ['known', 'known', 'full']);
    assert.equal((await read(store)).length, 2);
  });

  it('refuses messages past the bytes an inbox may hold, and takes none behind them', async () => {
    const limits = { ...ROOM, bytes: 25 };
    const messages = [10, 16, 1].map((bytes, index) => newMessage({ sequence: index + 1, bytes }));
    assert.deepEqual(await append(store, messages, { limits }), ['stored', 'full', 'full']);
    const small = newMessage({ sequence: 9, bytes: 15 });
    assert.deepEqual(await append(store, [small], { limits }), ['stored']);
    assert.equal((await store.inboxes.find(1, 'triage'))?.bytes, 25);
  });

  it('has room again once messages have gone, and never gives a position twice', async () => {
    const limits = { ...ROOM, messages: 1 };
    await append(store, [newMessage()], { limits });
    const all = { tenant: null, createdBefore: NOW, limit: 10 };
    assert.equal(await store.inboxes.removeOld(all), 1);
    await store.reopen();
    const next = newMessage({ sequence: 2 });
    assert.deepEqual(await append(store, [next], { limits }), ['stored']);
    assert.deepEqual(
      (await read(store)).map(({ position }) => position),
      [2],
    );
  });
}

function describeRemoval(store: StoreUnderTest): void {
  it('takes out what is past retention, in chunks, and counts it down', async () => {
    const sequences = [5, 1, 4, 2, 3];
    await append(
      store,
      sequences.map((sequence) => newMessage({ sequence })),
    );
    await append(store, [newMessage({ sequence: 1 })], { inbox: 'other' });
    await append(store, [newMessage({ sequence: 1 })], { tenant: 2 });
    const old = { tenant: null, createdBefore: createdAtOf(4), limit: 3 };
    assert.equal(await store.inboxes.removeOld(old), 3);
    assert.equal(await store.inboxes.removeOld(old), 2);
    assert.equal(await store.inboxes.removeOld(old), 0);
    assert.deepEqual(
      (await read(store)).map(({ sequence }) => sequence),
      [5, 4],
    );
    const { messages, bytes } = (await store.inboxes.find(1, 'triage')) ?? {};
    assert.deepEqual({ messages, bytes }, { messages: 2, bytes: 20 });
    assert.equal((await store.inboxes.find(1, 'other'))?.messages, 0);
    assert.equal((await store.inboxes.find(2, 'triage'))?.messages, 0);
  });

  it('takes out what is past the retention of one tenant alone', async () => {
    await append(store, [newMessage()]);
    await append(store, [newMessage()], { tenant: 2 });
    const old = { tenant: 2, createdBefore: NOW, limit: 10 };
    assert.equal(await store.inboxes.removeOld(old), 1);
    assert.equal((await read(store)).length, 1);
    assert.equal((await read(store, 'triage', 2)).length, 0);
  });

  it('goes with its tenant, and nobody else loses anything', async () => {
    const messages = [1, 2, 3].map((sequence) => newMessage({ sequence, body: utf8('own') }));
    await append(store, messages);
    await append(store, messages, { tenant: 2 });
    while ((await store.tenantData.erase(1, 2)) > 0);
    assertSame(await read(store), []);
    assertSame((await store.inboxes.list(1, { limit: 9 })).items, []);
    assert.equal((await read(store, 'triage', 2)).length, 3);
    assert.equal((await store.inboxes.find(2, 'triage'))?.messages, 3);
  });
}
