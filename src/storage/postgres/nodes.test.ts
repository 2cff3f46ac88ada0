/** Several processes on one database: who may write, and who sees what. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  batch,
  dedupeKey,
  delivery,
  FIRST_DUE,
  newEvent,
  START_AT,
} from '../contract/factories.ts';
import type { NewEvent } from '../journal.ts';
import { StorageError, type Storage } from '../storage.ts';
import { slotOf } from './sequence-layout.ts';
import { describeOnPostgres, openNode, openNodes } from './testing/on-postgres.ts';
import { execute, type TestServer } from './testing/test-server.ts';

const END = Number.MAX_SAFE_INTEGER;

/** An event that this node accepts. */
function bornOn(node: Storage, overrides: Partial<NewEvent> = {}): NewEvent {
  return newEvent({ createdAt: START_AT, ...overrides, sequence: node.sequences.next() });
}

/** Two nodes are what most tests are about. */
async function twoNodes(t: Parameters<typeof openNodes>[0], server: TestServer) {
  const { url, nodes } = await openNodes(t, server, 2);
  const [one, other] = nodes;
  assert.ok(one !== undefined && other !== undefined);
  return { url, one, other };
}

function isFailure(failure: StorageError['failure']) {
  return (error: unknown) => error instanceof StorageError && error.failure === failure;
}

function describeFencing(server: TestServer): void {
  it('lets nobody write whose slot was claimed by another', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const before = bornOn(node);
    await node.journal.commit(batch({ events: [before] }));
    await execute(url, `update node_slot set epoch = epoch + 1 where owner is not null`);
    const late = bornOn(node);
    await assert.rejects(node.journal.commit(batch({ events: [late] })), isFailure('broken'));
    await assert.rejects(node.journal.releaseHeld(1, 0, 10), isFailure('broken'));
    assert.equal(await node.journal.event(1, late.sequence), undefined);
    assert.notEqual(await node.journal.event(1, before.sequence), undefined);
  });

  it('has a slot for each of 32 nodes, and no more', async (t) => {
    const { url, nodes } = await openNodes(t, server, 1);
    await execute(url, `update node_slot set owner = 'other', expires_at = 'infinity'`);
    await assert.rejects(openNode(url), isFailure('busy'));
    assert.equal(nodes.length, 1);
  });

  it('gives slots back on closing', async (t) => {
    const { url, nodes } = await openNodes(t, server, 2);
    const slots = nodes.map((node) => slotOf(node.sequences.next()));
    assert.deepEqual(new Set(slots), new Set([0, 1]));
    await Promise.all(nodes.map((node) => node.close()));
    const again = await openNode(url);
    t.after(() => again.close());
    assert.equal(slotOf(again.sequences.next()), 0);
  });
}

function describeSight(server: TestServer): void {
  it('shows a node its own work, and readers everything', async (t) => {
    const { one, other } = await twoNodes(t, server);
    const [mine, theirs] = [bornOn(one), bornOn(other)];
    const row = (event: NewEvent, status: 'waiting' | 'held', subscription: number) =>
      delivery({ sequence: event.sequence, subscription, status, createdAt: START_AT });
    const rows = (event: NewEvent) => [row(event, 'waiting', 2), row(event, 'held', 3)];
    await one.journal.commit(batch({ events: [mine], deliveries: rows(mine) }));
    await other.journal.commit(batch({ events: [theirs], deliveries: rows(theirs) }));
    for (const [node, own] of [
      [one, mine],
      [other, theirs],
    ] as const) {
      const { journal } = node;
      const { sequence } = own;
      assert.equal((await journal.state()).lastSequence, sequence);
      const { pending } = await journal.unsettled(0, END, 100);
      assert.deepEqual(
        pending.map((found) => [found.sequence, found.subscription]),
        [[sequence, 1]],
      );
      const due = await journal.due(FIRST_DUE, END, 100);
      assert.deepEqual(
        due.map((found) => found.sequence),
        [sequence],
      );
      assert.equal(await journal.nextDueAt(FIRST_DUE), due[0]?.nextAttemptAt);
      const listed = await journal.listEvents(1, { limit: 10 });
      assert.equal(listed.items.length, 2);
      const held = await journal.listDeliveries(1, { status: 'held', limit: 10 });
      assert.equal(held.items.length, 2);
    }
    assert.equal(await one.journal.releaseHeld(3, 5_000, 10), 1);
    const still = await other.journal.listDeliveries(1, { status: 'held', limit: 10 });
    assert.deepEqual(
      still.items.map((view) => view.sequence),
      [theirs.sequence],
    );
  });

  it('gives a delivery to the node that writes its row', async (t) => {
    const { one, other } = await twoNodes(t, server);
    const event = bornOn(one);
    const row = delivery({ sequence: event.sequence, createdAt: START_AT });
    await one.journal.commit(batch({ events: [event], deliveries: [row] }));
    await other.journal.commit(batch({ deliveries: [{ ...row, attempts: 2 }] }));
    assert.deepEqual(await one.journal.due(FIRST_DUE, END, 10), []);
    assert.equal((await other.journal.due(FIRST_DUE, END, 10))[0]?.attempts, 2);
  });
}

function describeRaces(server: TestServer): void {
  it('lets exactly one node claim a key, however they race', async (t) => {
    const { one, other } = await twoNodes(t, server);
    const rounds = 20;
    for (let round = 0; round < rounds; round += 1) {
      const names = [`a${round}`, `b${round}`, `c${round}`];
      const claim = (node: Storage, keys: readonly string[]) =>
        keys.map((name) => bornOn(node, { dedupe: [dedupeKey(name)] }));
      const refusals = await Promise.all([
        one.journal.commit(batch({ events: claim(one, names) })),
        other.journal.commit(batch({ events: claim(other, names.toReversed()) })),
      ]);
      assert.equal(refusals.flat().length, names.length);
      for (const name of names) {
        const winner = await one.journal.sequenceOfKey(1, dedupeKey(name).hash);
        assert.ok(winner !== undefined && (await other.journal.event(1, winner)) !== undefined);
      }
    }
    const { items } = await one.journal.listEvents(1, { limit: 1_000 });
    assert.equal(items.length, 3 * rounds);
  });

  it('frees a key whose event is gone', async (t) => {
    const { url, nodes } = await openNodes(t, server);
    const [node] = nodes;
    assert.ok(node !== undefined);
    const dedupe = [dedupeKey('again')];
    await node.journal.commit(batch({ events: [bornOn(node, { dedupe })] }));
    await execute(url, 'delete from event');
    const second = bornOn(node, { dedupe });
    assert.deepEqual(await node.journal.commit(batch({ events: [second] })), []);
    assert.equal(await node.journal.sequenceOfKey(1, dedupeKey('again').hash), second.sequence);
  });
}

await describeOnPostgres('postgres: several nodes', (server) => {
  describeFencing(server);
  describeSight(server);
  describeRaces(server);
});
