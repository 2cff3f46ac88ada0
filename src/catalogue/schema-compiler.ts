/**
 * A JSON Schema made ready to check data, with ajv. The schema given to ajv is a copy without notes
 * and with a counter in each of its parts, so that a check stops after a number of steps that
 * depends on the size of the data alone: no schema and no data can hold up the event loop.
 */
import { Ajv, type ErrorObject, type FuncKeywordDefinition, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats, { type FormatName } from 'ajv-formats';
import type { JsonSchema } from '../domain/event-type-entry.ts';
import { MAX_FORMAT_CHARS } from '../domain/limits.ts';
import { Fuel, OutOfFuel } from './fuel.ts';
import { mismatchOf } from './mismatch.ts';
import { LinearPattern } from './pattern-program.ts';
import type { Fault } from './schema-faults.ts';
import { dialectOf, isNote, isObject, mapSchemas, type Dialect } from './schema-keywords.ts';
import { allUnique } from './unique-items.ts';

/** Steps that any check may take, and those it may take more for each character of the data. */
const BASE_STEPS = 20_000;
const STEPS_PER_CHAR = 8;

/** Steps to find the places beyond the first that does not fit; bounds the memory it takes, too. */
const EXPLAIN_STEPS = 200_000;

/** Places that a publisher is told of. */
const MAX_MISMATCHES = 20;

/** Formats that are checked. All others are notes, as the specification has it. */
const TEXT_FORMATS: readonly FormatName[] = [
  ...(['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6'] as const),
  ...(['uri', 'uri-reference', 'uri-template', 'uuid'] as const),
  ...(['json-pointer', 'relative-json-pointer'] as const),
];
const NUMBER_FORMATS: readonly FormatName[] = ['int32', 'int64', 'float', 'double'];

/** Not a name that a schema can hold: `schema-faults.ts` refuses it. */
const COUNTER = 'bellwire:steps';

interface Weight {
  readonly own: number;
  /** The keywords of this schema look at every member of an object. */
  readonly walksMembers: boolean;
}

export type SchemaVerdict =
  | { readonly kind: 'fits' }
  /** Too many steps, too deep, or ajv stumbled. */
  | { readonly kind: 'not_checkable'; readonly why: string }
  /** At least one; pointers begin at the data. */
  | { readonly kind: 'mismatch'; readonly places: readonly Fault[] };

export interface CompiledSchema {
  /** @param chars length of the data's JSON text: what the check may cost depends on it. */
  check(data: unknown, chars: number): SchemaVerdict;
}

/**
 * @param schema one that `schemaFaults` and `metaFaults` find nothing wrong with.
 * @throws Error when ajv refuses it all the same.
 */
export function compileSchema(schema: JsonSchema): CompiledSchema {
  const dialect = dialectOf(schema) ?? '2020-12';
  const fuel = new Fuel();
  const counted = mapSchemas(schema, withCounter) as JsonSchema;
  const first = compile(counted, dialect, fuel, false);
  // Finding all places takes twice the code; most schemas never need it.
  let all: ValidateFunction | undefined;
  return {
    check(data, chars) {
      fuel.fill(BASE_STEPS + STEPS_PER_CHAR * chars);
      const fits = limited(() => first(data));
      if (typeof fits === 'string') return { kind: 'not_checkable', why: fits };
      if (fits) return { kind: 'fits' };
      const found = first.errors ?? [];
      const explain = (all ??= compile(counted, dialect, fuel, true));
      fuel.fill(EXPLAIN_STEPS);
      const complete = limited(() => explain(data)) === false;
      return { kind: 'mismatch', places: distinct((complete && explain.errors) || found) };
    },
  };
}

/** The answer, or why there is none. */
function limited(check: () => unknown): boolean | string {
  try {
    return check() === true;
  } catch (error) {
    if (error instanceof OutOfFuel) return error.message;
    // Deeper than the stack. All else is a fault of the code that ajv makes; some there is.
    return error instanceof RangeError ? 'the data is nested too deep' : 'the check itself failed';
  }
}

function distinct(errors: readonly ErrorObject[]): Fault[] {
  const places = new Map<string, Fault>();
  for (const error of errors) {
    const place = mismatchOf(error);
    places.set(`${place.pointer} ${place.code} ${place.detail}`, place);
    if (places.size === MAX_MISMATCHES) break;
  }
  return [...places.values()];
}

function withCounter(schema: JsonSchema): JsonSchema {
  const kept = Object.entries(schema).filter(([name]) => !isNote(name));
  // ajv leaves a schema without keywords out.
  if (kept.length === 0) return {};
  return { ...Object.fromEntries(kept), [COUNTER]: weigh(schema) };
}

const MEMBER_KEYWORDS = [
  'additionalProperties',
  'maxProperties',
  'minProperties',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
];

/** Inner schemas weigh for themselves, but being there costs their outer one a step. */
function weigh(schema: JsonSchema): Weight {
  let own = 1;
  for (const [name, value] of Object.entries(schema)) {
    if (isNote(name)) continue;
    const compared = name === 'enum' || name === 'const';
    own += compared ? JSON.stringify(value).length >> 2 : 1 + members(value);
  }
  return { own, walksMembers: MEMBER_KEYWORDS.some((name) => schema[name] !== undefined) };
}

function members(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

function compile(
  schema: JsonSchema,
  dialect: Dialect,
  fuel: Fuel,
  allErrors: boolean,
): ValidateFunction {
  const regExp = Object.assign((pattern: string) => new LinearPattern(pattern, fuel), {
    code: 'new RegExp',
  });
  const options = {
    allErrors,
    // What is wrong with a schema was said before, with its place.
    ...({ strict: false, meta: false, validateSchema: false, logger: false } as const),
    inlineRefs: false,
    code: { regExp },
    formats: FORMATS,
  };
  const ajv = dialect === 'draft-07' ? new Ajv(options) : new Ajv2020(options);
  ajv.addKeyword(counter(fuel));
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must not hold the same item twice' },
    validate: (wanted: boolean, items: unknown[]) => !wanted || allUnique(items, fuel),
  });
  return ajv.compile(schema);
}

/** Runs before any keyword that leads into another schema. */
function counter(fuel: Fuel): FuncKeywordDefinition {
  return {
    keyword: COUNTER,
    schemaType: 'object',
    before: '$ref',
    errors: false,
    compile:
      ({ own, walksMembers }: Weight) =>
      (data: unknown) => {
        fuel.spend(own + sizeOf(data, walksMembers));
        return true;
      },
  };
}

function sizeOf(data: unknown, walksMembers: boolean): number {
  if (typeof data === 'string') return data.length >> 2;
  if (Array.isArray(data)) return data.length;
  return walksMembers && isObject(data) ? Object.keys(data).length : 0;
}

const FORMATS = Object.fromEntries([
  ...TEXT_FORMATS.map((name) => [name, shortText(name)] as const),
  ...NUMBER_FORMATS.map((name) => [name, addFormats.default.get(name)] as const),
]);

/** The format for text of at most `MAX_FORMAT_CHARS`; longer text is not of it. */
function shortText(name: FormatName): (text: string) => boolean {
  const format = addFormats.default.get(name);
  if (format instanceof RegExp) {
    return (text) => text.length <= MAX_FORMAT_CHARS && format.test(text);
  }
  const check = typeof format === 'object' && 'validate' in format ? format.validate : format;
  if (check instanceof RegExp) {
    return (text) => text.length <= MAX_FORMAT_CHARS && check.test(text);
  }
  if (typeof check !== 'function') throw new Error(`the format ${name} is not for text`);
  return (text) => text.length <= MAX_FORMAT_CHARS && (check as (text: string) => boolean)(text);
}
