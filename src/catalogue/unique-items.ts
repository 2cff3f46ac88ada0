/** `uniqueItems` in one walk over the items. Comparing each with each would take their square. */
import type { Fuel } from './fuel.ts';

/** JSON equality: numbers by value, objects whatever the order of their members. */
export function allUnique(items: readonly unknown[], fuel: Fuel): boolean {
  const seen = new Set<string>();
  for (const item of items) seen.add(canonicalText(item, fuel));
  return seen.size === items.length;
}

/** The same text for equal values, and for these only. */
function canonicalText(value: unknown, fuel: Fuel): string {
  if (typeof value !== 'object' || value === null) {
    const text = JSON.stringify(value);
    fuel.spend(1 + (text.length >> 2));
    return text;
  }
  if (Array.isArray(value)) {
    fuel.spend(1 + value.length);
    return `[${value.map((item) => canonicalText(item, fuel)).join(',')}]`;
  }
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  fuel.spend(1 + members.length);
  const texts = members.map(([key, item]) => `${JSON.stringify(key)}:${canonicalText(item, fuel)}`);
  return `{${texts.join(',')}}`;
}
