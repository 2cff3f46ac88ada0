/** JSON Pointers (RFC 6901): names of places inside a JSON value. */

/** `['a/b', 0]` → `/a~1b/0`. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((key) => `/${escapeSegment(String(key))}`).join('');
}

/** `/a~1b/0` → `['a/b', '0']`; undefined when the text is no pointer. */
export function pathOf(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return undefined;
  return pointer.slice(1).split('/').map(unescapeSegment);
}

/** What stands at the place, or undefined. Looks at own members only. */
export function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const key of pathOf(pointer) ?? [undefined]) {
    if (key === undefined || typeof found !== 'object' || found === null) return undefined;
    if (!Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

/** RFC 6901 §3: `~` and `/` are escaped, in this order. */
function escapeSegment(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescapeSegment(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
