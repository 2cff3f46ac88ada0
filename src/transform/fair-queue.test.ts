import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FairQueue } from './fair-queue.ts';

interface Item {
  readonly tenant: number;
  readonly source: string;
  readonly number: number;
}

function filled(items: readonly (readonly [tenant: number, source: string])[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  for (const [number, [tenant, source]] of items.entries()) queue.push({ tenant, source, number });
  return queue;
}

function drain(queue: FairQueue<Item>): Item[] {
  const taken: Item[] = [];
  for (let item = queue.take(() => true); item !== undefined; item = queue.take(() => true)) {
    taken.push(item);
  }
  return taken;
}

const item = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('a', 'b', 'c'));

test('tenants take turns, and within a tenant its sources do', () => {
  const queue = filled([
    [1, 'a'],
    [1, 'a'],
    [1, 'a'],
    [1, 'b'],
    [2, 'c'],
    [2, 'c'],
  ]);
  assert.deepEqual(
    drain(queue).map(({ tenant, source }) => `${tenant}${source}`),
    ['1a', '2c', '1b', '2c', '1a', '1a'],
  );
});

test('nothing is lost or doubled, and one source keeps its order', () => {
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const queue = filled(items);
      assert.equal(queue.length, items.length);
      const taken = drain(queue);
      assert.equal(queue.length, 0);
      assert.deepEqual(
        taken.map(({ number }) => number).toSorted((a, b) => a - b),
        [...items.keys()],
      );
      const last = new Map<string, number>();
      for (const { tenant, source, number } of taken) {
        assert.ok((last.get(`${tenant}${source}`) ?? -1) < number);
        last.set(`${tenant}${source}`, number);
      }
    }),
  );
});

test('no tenant is served twice while another one waits', () => {
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const waiting = new Map<number, number>();
      for (const [tenant] of items) waiting.set(tenant, (waiting.get(tenant) ?? 0) + 1);
      let passed: number[] = [];
      for (const { tenant } of drain(filled(items))) {
        assert.ok(!passed.includes(tenant), `${tenant} came again before all others had`);
        waiting.set(tenant, (waiting.get(tenant) ?? 0) - 1);
        passed.push(tenant);
        const all = [...waiting].every(([other, left]) => left === 0 || passed.includes(other));
        if (all) passed = [];
      }
    }),
  );
});

test('a tenant that may not go on is passed over and keeps its turn', () => {
  const queue = filled([
    [1, 'a'],
    [2, 'a'],
  ]);
  assert.equal(queue.take((tenant) => tenant !== 1)?.tenant, 2);
  assert.equal(
    queue.take((tenant) => tenant !== 1),
    undefined,
  );
  assert.equal(queue.take(() => true)?.tenant, 1);
});

test('what was taken back is not served', () => {
  const queue = new FairQueue<Item>();
  const [first, second] = [1, 2].map((number) => ({ tenant: 1, source: 'a', number }));
  assert.ok(first !== undefined && second !== undefined);
  queue.push(first);
  queue.push(second);
  assert.ok(queue.remove(first));
  assert.ok(!queue.remove(first));
  assert.deepEqual(queue.takeAll(), [second]);
  assert.equal(queue.length, 0);
  assert.ok(!queue.remove(second));
});
