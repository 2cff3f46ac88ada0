/** Moves schemas into documents and out of them: references must still lead where they led. */
import { isObject, mapSchemas } from '../../catalogue/schema-keywords.ts';
import { fragmentPointer } from '../../catalogue/schema-faults.ts';
import type { JsonSchema } from '../../domain/event-type-entry.ts';
import { pointerOf, valueAt } from '../../domain/json-pointer.ts';

/** A value of a document, and where in it it stands. */
export interface Located {
  readonly value: unknown;
  /** JSON Pointer. */
  readonly at: string;
}

/** References in a row; more are a circle. */
const MAX_HOPS = 20;

/** Schemas of a document that come along with one; what goes beyond is refused as too much. */
const MAX_DEFINITIONS = 500;

/** What a definition may be called in a schema of its own. */
const ODD_IN_NAME = /[^A-Za-z0-9_.-]/g;

/**
 * The schema as it must be written when it stands at `at` of a document. One with an `$id` is a
 * document of its own, so that its references need no change.
 */
export function embedded(schema: JsonSchema, at: string): JsonSchema {
  if (schema['$id'] !== undefined) return schema;
  return withReferences(schema, (reference) => `#${at}${reference.slice(1)}`);
}

/** Follows references (`{"$ref": "#/…"}`) to what they name; undefined when they lead nowhere. */
export function followed(document: unknown, located: Located): Located | undefined {
  let here = located;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const reference = bareReference(here.value);
    if (reference === undefined) return here;
    const at = reference.startsWith('#') ? fragmentPointer(reference) : undefined;
    if (at === undefined) return undefined;
    here = { value: valueAt(document, at), at };
    if (here.value === undefined) return undefined;
  }
  return undefined;
}

function bareReference(value: unknown): string | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  const { $ref: reference } = value;
  return typeof reference === 'string' ? reference : undefined;
}

/**
 * The schema as a document of its own: what it refers to elsewhere in its document comes along as
 * `$defs`. References that lead nowhere, or out of the document, stay for `schemaFaults` to name.
 */
export function standalone(document: unknown, { value, at }: Located): unknown {
  if (!isObject(value) || value['$id'] !== undefined) return value;
  const moved = new Moved(document, at);
  const schema = withReferences(value, (reference) => moved.target(reference));
  const definitions = moved.definitions();
  if (definitions.length === 0) return schema;
  const own = schema['$defs'];
  const all = { ...(isObject(own) ? own : {}), ...Object.fromEntries(definitions) };
  return { ...schema, $defs: all };
}

class Moved {
  readonly #document: unknown;
  /** Where things stood in the document, to where they stand now. Encoded as in references. */
  readonly #places: Map<string, string>;
  readonly #open: { readonly name: string; readonly at: string }[] = [];
  readonly #names = new Set<string>();

  constructor(document: unknown, at: string) {
    this.#document = document;
    this.#places = new Map([[at, '']]);
    const own = valueAt(document, `${at}/$defs`);
    for (const name of isObject(own) ? Object.keys(own) : []) this.#names.add(name);
  }

  target(reference: string): string {
    const pointer = reference.slice(1);
    const known = this.#known(pointer) ?? this.#known(fragmentPointer(reference) ?? pointer);
    if (known !== undefined) return `#${known}`;
    const at = fragmentPointer(reference);
    const isFound = at !== undefined && isSchema(valueAt(this.#document, at));
    if (!isFound || this.#places.size > MAX_DEFINITIONS) return reference;
    const name = this.#nameFor(at);
    this.#places.set(at, `/$defs/${name}`);
    this.#open.push({ name, at });
    return `#/$defs/${name}`;
  }

  #known(pointer: string): string | undefined {
    let nearest: string | undefined;
    for (const place of this.#places.keys()) {
      const inside = pointer === place || pointer.startsWith(`${place}/`);
      if (inside && place.length >= (nearest ?? '').length) nearest = place;
    }
    if (nearest === undefined) return undefined;
    return `${this.#places.get(nearest) ?? ''}${pointer.slice(nearest.length)}`;
  }

  #nameFor(at: string): string {
    const last = at.slice(at.lastIndexOf('/') + 1).replaceAll(ODD_IN_NAME, '_');
    let name = last;
    for (let count = 2; this.#names.has(name); count += 1) name = `${last}_${count}`;
    this.#names.add(name);
    return name;
  }

  /** What came along; taking one over may bring further ones. */
  definitions(): (readonly [string, unknown])[] {
    const taken: (readonly [string, unknown])[] = [];
    for (let next = this.#open.shift(); next !== undefined; next = this.#open.shift()) {
      const found = valueAt(this.#document, next.at);
      const schema = isObject(found)
        ? withReferences(found, (reference) => this.target(reference))
        : found;
      taken.push([next.name, schema]);
    }
    return taken;
  }
}

function isSchema(value: unknown): boolean {
  return isObject(value) || typeof value === 'boolean';
}

/** The schema with its local references changed. */
function withReferences(schema: JsonSchema, change: (reference: string) => string): JsonSchema {
  return mapSchemas(schema, (part) => {
    const { $ref: reference } = part;
    const isLocal = typeof reference === 'string' && reference.startsWith('#');
    return isLocal ? { ...part, $ref: change(reference) } : part;
  }) as JsonSchema;
}

/** The member of a located object, or undefined. */
export function memberOf({ value, at }: Located, name: string): Located | undefined {
  if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
  return { value: value[name], at: at + pointerOf([name]) };
}

/** The members of a located object or list. */
export function membersOf(located: Located | undefined): (Located & { readonly key: string })[] {
  const value = located?.value;
  if (located === undefined || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([key, member]) => ({
    key,
    value: member as unknown,
    at: located.at + pointerOf([key]),
  }));
}
