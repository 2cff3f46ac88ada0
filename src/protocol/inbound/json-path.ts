/** JSON Pointers (RFC 6901) into what a sender wrote. */

/** @throws TypeError for a text that is no pointer. */
export function pointerPath(pointer: string): readonly string[] {
  if (!pointer.startsWith('/')) {
    throw new TypeError(`"${pointer}" is no JSON Pointer; it begins with /`);
  }
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands there; `undefined` for nothing. Looks at own members only. */
export function valueAtPath(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) {
      return undefined;
    }
    found = Reflect.get(found, step);
  }
  return found;
}
