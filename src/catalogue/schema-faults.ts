/**
 * What a schema may hold. Everything that is refused is named by its place, and nothing is ignored
 * in silence: a typing error in a keyword would otherwise check nothing, for ever.
 */
import type { JsonSchema } from '../domain/event-type-entry.ts';
import { pointerOf } from '../domain/json-pointer.ts';
import { MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH } from '../domain/limits.ts';
import { Fuel } from './fuel.ts';
import { LinearPattern } from './pattern-program.ts';
import { PatternError } from './pattern-syntax.ts';
import {
  dialectOf,
  isKnownKeyword,
  isObject,
  subschemas,
  type Dialect,
  type Place,
} from './schema-keywords.ts';

/** One thing that is wrong. */
export interface Fault {
  /** JSON Pointer into what was checked. */
  readonly pointer: string;
  /** Completes "PLACE: …". */
  readonly detail: string;
  readonly code: string;
}

const ANCHORS = new Set([
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$recursiveAnchor',
  '$recursiveRef',
  '$vocabulary',
]);

/** Everything that the rules of Bellwire refuse; the meta-schema is asked elsewhere. */
export function schemaFaults(schema: JsonSchema): Fault[] {
  const tooLarge = sizeFault(schema);
  if (tooLarge !== undefined) return [tooLarge];
  const dialect = dialectOf(schema);
  if (dialect === undefined) {
    const detail = 'must be draft-07 or 2020-12; leave it out for 2020-12';
    return [{ pointer: '/$schema', detail, code: 'unknown_dialect' }];
  }
  const places = allPlaces(schema);
  const known = new Set(places.map(({ path }) => pointerOf(path)));
  return places.flatMap((place) => placeFaults(place, dialect, known));
}

function sizeFault(schema: JsonSchema): Fault | undefined {
  if (isDeeperThan(schema, MAX_SCHEMA_DEPTH)) {
    return { pointer: '', detail: `is nested deeper than ${MAX_SCHEMA_DEPTH}`, code: 'too_deep' };
  }
  if (Buffer.byteLength(JSON.stringify(schema)) <= MAX_SCHEMA_BYTES) return undefined;
  return { pointer: '', detail: `takes more than ${MAX_SCHEMA_BYTES} bytes`, code: 'too_big' };
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeperThan(member, depth - 1));
}

/** The schema and all schemas in it. */
function allPlaces(schema: JsonSchema): Place[] {
  const places: Place[] = [];
  const open: Place[] = [{ schema, path: [] }];
  for (let place = open.shift(); place !== undefined; place = open.shift()) {
    places.push(place);
    if (!isObject(place.schema)) continue;
    for (const { schema: inner, path } of subschemas(place.schema)) {
      open.push({ schema: inner, path: [...place.path, ...path] });
    }
  }
  return places;
}

function placeFaults(
  { schema, path }: Place,
  dialect: Dialect,
  known: ReadonlySet<string>,
): Fault[] {
  // True and false are schemas, too; the meta-schema refuses everything else.
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([name, value]) => {
    const fault = keywordFault(name, value, { dialect, known, isTop: path.length === 0 });
    if (fault !== undefined) return [{ pointer: pointerOf([...path, name]), ...fault }];
    return name === 'patternProperties' && isObject(value)
      ? Object.keys(value).flatMap((pattern) => patternFaults(pattern, [...path, name, pattern]))
      : name === 'pattern' && typeof value === 'string'
        ? patternFaults(value, [...path, name])
        : [];
  });
}

interface Around {
  readonly dialect: Dialect;
  readonly known: ReadonlySet<string>;
  readonly isTop: boolean;
}

function keywordFault(
  name: string,
  value: unknown,
  { dialect, known, isTop }: Around,
): Omit<Fault, 'pointer'> | undefined {
  if (name === '$ref') return referenceFault(value, known);
  if (ANCHORS.has(name) || (name === '$id' && !isTop)) {
    const detail = 'is not taken: refer to other parts of the schema by `#/…`';
    return { detail, code: 'unsupported_keyword' };
  }
  if (isKnownKeyword(name, dialect, isTop)) return undefined;
  const detail = `is no keyword of ${dialect}; begin your own notes with "x-"`;
  return { detail, code: 'unknown_keyword' };
}

function referenceFault(
  value: unknown,
  known: ReadonlySet<string>,
): Omit<Fault, 'pointer'> | undefined {
  if (typeof value !== 'string' || !value.startsWith('#')) {
    const detail = 'must begin with "#": nothing is fetched, so put what it names into `$defs`';
    return { detail, code: 'remote_reference' };
  }
  const target = fragmentPointer(value);
  if (target !== undefined && known.has(target)) return undefined;
  return { detail: `leads to no schema: ${value}`, code: 'unknown_reference' };
}

/** `#/a%20b` → `/a b` (RFC 6901 §6), or undefined for what can't be read. */
export function fragmentPointer(reference: string): string | undefined {
  try {
    return decodeURIComponent(reference.slice(1));
  } catch {
    return undefined;
  }
}

function patternFaults(pattern: string, path: readonly (string | number)[]): Fault[] {
  try {
    new LinearPattern(pattern, new Fuel()).toString();
    return [];
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return [{ pointer: pointerOf(path), detail: error.message, code: 'unsupported_pattern' }];
  }
}
