import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FreeList } from './free-list.ts';

describe('free list', () => {
  it('hands connections out in the order they came free', () => {
    const list = new FreeList<{ connected: boolean; name: string }>();
    for (const name of ['a', 'b']) list.add({ connected: true, name });
    assert.deepEqual([list.take()?.name, list.take()?.name, list.take()], ['a', 'b', undefined]);
  });

  it('never hands out one connection twice, even if it broke and came back meanwhile', () => {
    const list = new FreeList();
    const connection = { connected: true };
    list.add(connection);
    list.add(connection);
    assert.equal(list.size, 1);
    assert.equal(list.take(), connection);
    assert.equal(list.take(), undefined);
  });

  it('drops broken connections until they are added again', () => {
    const list = new FreeList();
    const connection = { connected: false };
    list.add(connection);
    assert.equal(list.take(), undefined);
    connection.connected = true;
    list.add(connection);
    assert.equal(list.take(), connection);
  });

  it('keeps its order over thousands of turns', () => {
    const list = new FreeList<{ connected: boolean; id: number }>();
    for (let id = 0; id < 3; id++) list.add({ connected: true, id });
    for (let turn = 0; turn < 5000; turn++) {
      const taken = list.take();
      assert.equal(taken?.id, turn % 3);
      if (taken !== undefined) list.add(taken);
    }
  });
});
