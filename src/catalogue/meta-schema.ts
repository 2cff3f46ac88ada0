/** Asks the meta-schemas of JSON Schema whether a schema is one. */
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../domain/event-type-entry.ts';
import { mismatchOf } from './mismatch.ts';
import type { Fault } from './schema-faults.ts';
import { dialectOf, type Dialect } from './schema-keywords.ts';

const MAX_FAULTS = 20;

/** Compiling a meta-schema takes 20 ms, so each is compiled once, when the first schema comes. */
const VALIDATORS = new Map<Dialect, Ajv>();

function validatorOf(dialect: Dialect): Ajv {
  const known = VALIDATORS.get(dialect);
  if (known !== undefined) return known;
  const options = { allErrors: true, validateFormats: false, logger: false } as const;
  const created = dialect === 'draft-07' ? new Ajv(options) : new Ajv2020(options);
  VALIDATORS.set(dialect, created);
  return created;
}

export function metaFaults(schema: JsonSchema): Fault[] {
  const validator = validatorOf(dialectOf(schema) ?? '2020-12');
  const { $schema: _dialect, ...rest } = schema;
  if (validator.validateSchema(rest) === true) return [];
  // One place often breaks several rules of which only one was meant; the first is the nearest.
  const byPlace = new Map<string, Fault>();
  for (const error of validator.errors ?? []) {
    const { pointer, detail } = mismatchOf(error);
    if (!byPlace.has(pointer)) byPlace.set(pointer, { pointer, detail, code: 'invalid_schema' });
  }
  return [...byPlace.values()].slice(0, MAX_FAULTS);
}
