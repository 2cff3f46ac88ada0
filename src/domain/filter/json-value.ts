/** Reading parsed JSON without trusting its shape: own members only, so no prototype is reached. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ARRAY_INDEX = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Reads one step of a path, compiled once. A step like `0` also counts into an array, from 0; what
 * is not there is `undefined`, which JSON does not know.
 */
export function compileStep(key: string): (value: unknown) => unknown {
  const index = ARRAY_INDEX.test(key) ? Number(key) : undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) return index === undefined ? undefined : value[index];
    return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  };
}

/**
 * Whether two JSON values are the same: objects whatever the order of their members, arrays in
 * order, no conversion between types. Goes no deeper than `wanted` does.
 */
export function isSameJson(wanted: unknown, found: unknown): boolean {
  if (wanted === found) return true;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((item, index) => isSameJson(item, found[index]))
    );
  }
  if (!isJsonObject(wanted) || !isJsonObject(found)) return false;
  const keys = Object.keys(wanted);
  if (Object.keys(found).length !== keys.length) return false;
  return keys.every((key) => Object.hasOwn(found, key) && isSameJson(wanted[key], found[key]));
}
