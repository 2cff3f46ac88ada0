/** Comparisons that judge values, not how a store happens to represent them. */
import assert from 'node:assert/strict';
import type { EventRecord, NewEvent, Page } from '../journal.ts';

/** More pages than any journal of the suite needs; past it, paging is taken to be endless. */
const MAX_PAGES = 2_000;

/**
 * Deep equality in which a driver's row objects equal literals and a Buffer equals a Uint8Array
 * of the same bytes.
 */
export function assertSame(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(plain(actual), plain(expected), message);
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** What a reader gets of an event: all of it but what only matters on the way in. */
export function stored(event: NewEvent): EventRecord {
  const { dedupe: _dedupe, parked: _parked, ...record } = event;
  return record;
}

/** Follows `next` to the end and gives back all items in the order they came. */
export async function allPages<Item, Position>(
  limit: number,
  read: (before: Position | undefined) => Promise<Page<Item, Position>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let before: Position | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await read(before);
    assert.ok(page.items.length <= limit, `${page.items.length} items on a page of ${limit}`);
    items.push(...page.items);
    if (page.next === undefined) return items;
    before = page.next;
  }
  return assert.fail(`paging had not ended after ${MAX_PAGES} pages`);
}
