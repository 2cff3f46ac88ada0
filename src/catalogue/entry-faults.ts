/** Whether an entry may enter the catalogue: its schema, and its examples against its schema. */
import type { EventTypeEntry, JsonSchema } from '../domain/event-type-entry.ts';
import { MAX_EVENT_TYPE_EXAMPLES, MAX_EXAMPLES_BYTES } from '../domain/limits.ts';
import { metaFaults } from './meta-schema.ts';
import { compileSchema, type CompiledSchema } from './schema-compiler.ts';
import { schemaFaults, type Fault } from './schema-faults.ts';

type Checked = Pick<EventTypeEntry, 'schema' | 'examples'>;

/** Data so small that no sound schema can be costly to check it with. */
const SMALLEST = [null, true, 0, '', [], {}];

/** Pointers begin at the entry: `/schema/properties/amount`, `/examples/0`. */
export function entryFaults({ schema, examples }: Checked): Fault[] {
  const tooMany = exampleCountFault(examples);
  if (schema === null) return tooMany;
  const compiled = compiledOrFaults(schema);
  if (Array.isArray(compiled)) return [...under('/schema', compiled), ...tooMany];
  if (tooMany.length > 0) return tooMany;
  return examples.flatMap((example, index) =>
    under(`/examples/${index}`, exampleFaults(example, compiled)),
  );
}

function exampleCountFault(examples: readonly unknown[]): Fault[] {
  const pointer = '/examples';
  if (examples.length > MAX_EVENT_TYPE_EXAMPLES) {
    return [{ pointer, detail: `holds more than ${MAX_EVENT_TYPE_EXAMPLES}`, code: 'too_big' }];
  }
  if (Buffer.byteLength(JSON.stringify(examples)) <= MAX_EXAMPLES_BYTES) return [];
  return [{ pointer, detail: `takes more than ${MAX_EXAMPLES_BYTES} bytes`, code: 'too_big' }];
}

function compiledOrFaults(schema: JsonSchema): CompiledSchema | Fault[] {
  const faults = schemaFaults(schema);
  if (faults.length > 0) return faults;
  const notSchema = metaFaults(schema);
  if (notSchema.length > 0) return notSchema;
  try {
    const compiled = compileSchema(schema);
    const endless = SMALLEST.some((value) => compiled.check(value, 0).kind === 'not_checkable');
    if (!endless) return compiled;
    const detail = 'can not be checked even with the smallest data: a part leads back to itself';
    return [{ pointer: '', detail, code: 'not_checkable' }];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ pointer: '', detail: `does not compile: ${detail}`, code: 'invalid_schema' }];
  }
}

function exampleFaults(example: unknown, compiled: CompiledSchema): readonly Fault[] {
  const verdict = compiled.check(example, JSON.stringify(example).length);
  if (verdict.kind === 'fits') return [];
  if (verdict.kind === 'mismatch') return verdict.places;
  const detail = `could not be checked against the schema: ${verdict.why}`;
  return [{ pointer: '', detail, code: 'not_checkable' }];
}

function under(pointer: string, faults: readonly Fault[]): Fault[] {
  return faults.map((fault) => ({ ...fault, pointer: pointer + fault.pointer }));
}
