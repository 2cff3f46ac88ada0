import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { attempt, batch, newEvent } from '../../contract/factories.ts';
import { firstSequenceAt, SEQUENCES_PER_SLOT } from '../sequence-layout.ts';
import { findTestServer } from '../testing/test-server.ts';
import { Processes } from './testing/processes.ts';

const PATIENT = { timeout: 30_000 };

const server = await findTestServer();
if (typeof server === 'string') describe('nodes', { skip: server });
else {
  const world = new Processes(server);
  describe('nodes', () => {
    before(() => world.open());
    afterEach(() => world.reset());
    after(() => world.close());
    describe('slots', () => describeSlots(world));
    describe('leftovers', () => describeLeftovers(world));
    describe('connection', () => describeConnection(world));
    describe('changes', () => describeChanges(world));
  });
}

function describeSlots(world: Processes): void {
  test('each process gets a slot of its own, and a stopped one leaves it to the next', async () => {
    const [a, b] = [await world.start(), await world.start()];
    assert.notEqual(a.node.slot, b.node.slot);
    assert.deepEqual(a.node.slots(), [a.node.slot]);
    await a.storage.close();
    const c = await world.start();
    assert.equal(c.node.slot, a.node.slot);
  });

  test('the slot of a dead process is not claimed, but adopted after its lease', async () => {
    const a = await world.start();
    a.freeze();
    const b = await world.start();
    assert.notEqual(b.node.slot, a.node.slot);
    const adopted = b.hears();
    await b.listen();
    await adopted;
    assert.deepEqual(b.node.slots(), [b.node.slot, a.node.slot]);
    await b.adopted[0]?.done();
    assert.deepEqual(b.node.slots(), [b.node.slot]);
    const [row] = await world.sql(`select * from node_slot where slot = ${a.node.slot}`);
    assert.deepEqual([row?.['owner'], row?.['has_leftovers']], [null, false]);
  });

  test('when all slots are held a start waits for a dead one, not for living ones', async () => {
    await world.start();
    await world.sql(
      `update node_slot set owner = 'alive', expires_at = 'infinity' where owner is null`,
    );
    await assert.rejects(world.start(), {
      name: 'StorageError',
      failure: 'busy',
      message: /node slots/,
    });
    await world.sql(`update node_slot set expires_at = now() where slot in (7, 8)`);
    await world.sql(`update node_slot set owner = 'dead' where slot in (7, 8)`);
    const b = await world.start();
    assert.equal(b.node.slot, 7);
    const adopted = b.hears();
    await b.listen();
    await adopted;
    assert.deepEqual(
      b.adopted.map(({ slot }) => slot),
      [8],
      'its holder had two',
    );
  });
}

function describeLeftovers(world: Processes): void {
  test('a slot that was clean needs no search through what others stored since', async () => {
    const [a, b] = [await world.start(), await world.start()];
    const born = (slot: number, ms: number) =>
      firstSequenceAt(Date.now() + ms) + slot * SEQUENCES_PER_SLOT;
    const sequence = born(b.node.slot, 0);
    await b.storage.journal.commit(
      batch({ events: [newEvent({ sequence })], lowWaterMark: sequence - 1 }),
    );
    const c = await world.start();
    const { lastSequence, lowWaterMark } = await c.storage.journal.state();
    assert.deepEqual([lastSequence, lowWaterMark], [sequence, sequence]);
    assert.ok(c.storage.sequences.next() > sequence);
    assert.equal((await a.storage.journal.state()).lastSequence, 0);
  });

  test('what a dead node left undecided is found, and what it decided is not', async () => {
    const [a, b] = [await world.start(), await world.start()];
    const sequences = Array.from({ length: 5 }, () => a.storage.sequences.next());
    const [first = 0, second = 0, , , last = 0] = sequences;
    await a.storage.journal.commit(
      batch({
        events: sequences.map((sequence) => newEvent({ sequence, matched: [1] })),
        attempts: [attempt({ sequence: first }), attempt({ sequence: last })],
        lowWaterMark: first,
      }),
    );
    const adopted = b.hears();
    a.freeze();
    await b.listen();
    await adopted;
    const [leftovers] = b.adopted;
    assert.ok(leftovers !== undefined);
    assert.equal(leftovers.lowWaterMark, first);
    assert.equal(leftovers.lastSequence, last);
    const part = await leftovers.unsettled(first, 2);
    assert.deepEqual(
      part.pending.map(({ sequence }) => sequence),
      sequences.slice(1, 3),
    );
    const rest = await leftovers.unsettled(part.scannedTo, 100);
    assert.deepEqual(
      rest.pending.map(({ sequence }) => sequence),
      sequences.slice(3, 4),
    );
    leftovers.raiseLowWaterMark(second);
    await b.storage.close();
    const [row] = await world.sql(`select * from node_slot where slot = ${a.node.slot}`);
    assert.equal(Number(row?.['low_water_mark']), second, 'the next one begins there');
  });
}

function describeConnection(world: Processes): void {
  test('a node whose connection ends opens another, and hears what it missed', async () => {
    const a = await world.start();
    const heard: string[] = [];
    const { promise: both, resolve } = Promise.withResolvers<void>();
    await a.listen({
      changed: async (changes) => {
        heard.push(...changes.map(({ table, key }) => `${table} ${key}`));
        if (heard.length === 2) resolve();
      },
    });
    const { number: one } = await a.storage.control.ensureTenant('one', 1);
    await world.sql(`select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()`);
    const [row] = await world.sql(
      `insert into tenant (name, created_at) values ('two', 1) returning *`,
    );
    await both;
    assert.deepEqual(heard, [`tenant ${one}`, `tenant ${String(row?.['number'])}`]);
    assert.ok(a.node.holdsLease);
  });

  test('a process whose slot was taken hears that it must end', async () => {
    const a = await world.start();
    const heard = a.hears();
    await a.listen();
    await world.sql(
      `update node_slot set owner = 'another', epoch = epoch + 1 where owner is not null`,
    );
    await heard;
    assert.match(String(a.lost), /taken over/);
    assert.equal(a.node.holdsLease, false);
    const sequence = a.storage.sequences.next();
    const late = a.storage.journal.commit(batch({ events: [newEvent({ sequence })] }));
    await assert.rejects(late, { failure: 'broken' });
  });
}

function describeChanges(world: Processes): void {
  test(
    'a change is passed on once, and one that is committed late not passed by',
    PATIENT,
    async () => {
      const a = await world.start();
      const heard: string[] = [];
      const waiting = new Map<string, () => void>();
      await a.listen({
        changed: async (changes) => {
          for (const { key } of changes) {
            heard.push(key);
            waiting.get(key)?.();
          }
        },
      });
      const hears = (key: number) =>
        new Promise<void>((resolve) => {
          if (heard.includes(String(key))) resolve();
          else waiting.set(String(key), resolve);
        });
      const { control } = a.storage;
      await using late = await world.transaction();
      const [slow] = await late.sql(
        `insert into tenant (name, created_at) values ('late', 1) returning number`,
      );
      const first = await control.ensureTenant('first', 1);
      await hears(first.number);
      const second = await control.ensureTenant('second', 1);
      await hears(second.number);
      await late.sql('commit');
      await hears(Number(slow?.['number']));
      const third = await control.ensureTenant('third', 1);
      await hears(third.number);
      const keys = [first.number, second.number, Number(slow?.['number']), third.number];
      assert.deepEqual(heard, keys.map(String));
    },
  );
}
