import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourcePosition } from './source-position.ts';

test('lines and columns count from 1, and offsets stay within the source', () => {
  const source = 'ab\ncd\n';
  const table: [offset: number, line: number, column: number][] = [
    [0, 1, 1],
    [2, 1, 3],
    [3, 2, 1],
    [5, 2, 3],
    [6, 3, 1],
  ];
  for (const [offset, line, column] of table) {
    assert.deepEqual(sourcePosition(source, offset), { offset, line, column });
  }
  assert.deepEqual(sourcePosition(source, 99), { offset: 6, line: 3, column: 1 });
  assert.deepEqual(sourcePosition(source, -1), { offset: 0, line: 1, column: 1 });
});
