/** Looking into JSON that nobody vouches for yet. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Fatal: a body that is not UTF-8 is refused instead of being mended. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of the bytes; `undefined` when they are not UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** `undefined` when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that the bytes spell; `undefined` when they spell none. */
export function objectOf(bytes: Uint8Array): JsonObject | undefined {
  const text = utf8(bytes);
  const value = text === undefined ? undefined : parseJson(text);
  return isObject(value) ? value : undefined;
}

/** The text in a field of the object's own; `undefined` when it is absent or no text. */
export function textIn(object: JsonObject, field: string): string | undefined {
  const value = Object.hasOwn(object, field) ? object[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The object in a field of the object's own. */
export function objectIn(object: JsonObject, field: string): JsonObject | undefined {
  const value = Object.hasOwn(object, field) ? object[field] : undefined;
  return isObject(value) ? value : undefined;
}
