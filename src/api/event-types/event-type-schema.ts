/** Event types on the wire: what callers may write and what they read back. */
import { z } from 'zod';
import {
  ENFORCEMENTS,
  RESERVED_NAMES,
  UNKNOWN_TYPE_POLICIES,
  type EventTypeEntry,
} from '../../domain/event-type-entry.ts';
import { MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS } from '../../domain/limits.ts';
import { checkEventType, isOperationalEventType } from '../../domain/routing.ts';
import { instantOut, isoTime } from '../common-schema.ts';
import { rule, strict } from '../validation.ts';

/** A sentence saying why this can't be the name of an entry, or undefined. */
export function entryNameProblem(name: string): string | undefined {
  if (RESERVED_NAMES.has(name)) return `"${name}" is the name of a route and of no event type`;
  if (isOperationalEventType(name)) return 'is reserved for events about Bellwire itself';
  return checkEventType(name);
}

const name = z
  .string()
  .check(rule(entryNameProblem, 'invalid_event_type'))
  .describe('The event type, whole: no pattern.')
  .meta({ examples: ['order.paid'] });

const replacement = z.string().check(rule(checkEventType, 'invalid_event_type'));

/** Text over several lines, for people. */
export const description = z.string().max(MAX_DESCRIPTION_CHARS);
export const group = z.string().min(1).max(MAX_NAME_CHARS);
export const enforcement = z.enum(ENFORCEMENTS);
export const deprecatedMessage = z.string().min(1).max(MAX_DESCRIPTION_CHARS);
export const replacedBy = replacement;

const jsonSchema = z
  .record(z.string(), z.unknown())
  .describe(
    'JSON Schema of `data`: 2020-12, or draft-07 where `$schema` says so. Nothing is fetched: ' +
      'references lead to other parts of it (`#/…`).',
  )
  .meta({ examples: [{ type: 'object', required: ['amount'] }] });

/** Fields that may be given at creation and changed later. */
const changeable = {
  description: description.nullable().optional().describe('What happened when it is published.'),
  group: group.nullable().optional().describe('Heading under which people find it.'),
  schema: jsonSchema.nullable().optional(),
  examples: z.array(z.unknown()).optional().describe('Values of `data`; each must fit the schema.'),
  enforcement: enforcement
    .optional()
    .describe('Of data that does not fit: `off`, `warn` (taken, and told) or `reject` (422).'),
  deprecated: z.boolean().optional().describe('Still taken, and the publisher is told.'),
  deprecated_message: deprecatedMessage.nullable().optional().describe('What to do instead.'),
  replaced_by: replacedBy.nullable().optional().describe('The event type to use instead.'),
};

export const createEventTypeInput = strict({ name, ...changeable }).meta({
  id: 'CreateEventType',
});
export const changeEventTypeInput = strict(changeable).meta({ id: 'ChangeEventType' });

export type ChangeEventTypeInput = z.output<typeof changeEventTypeInput>;

export const eventTypeOutput = z
  .object({
    name: z.string().meta({ examples: ['order.paid'] }),
    description: z.string().nullable(),
    group: z.string().nullable(),
    schema: z.record(z.string(), z.unknown()).nullable(),
    examples: z.array(z.unknown()),
    enforcement,
    deprecated: z.boolean(),
    deprecated_message: z.string().nullable(),
    replaced_by: z.string().nullable(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'EventType' });

export const catalogueSettings = strict({
  unknown_event_types: z
    .enum(UNKNOWN_TYPE_POLICIES)
    .describe('What becomes of events whose type is not in the catalogue. Default `allow`.'),
}).meta({ id: 'CatalogueSettings' });

export function eventTypeJson(entry: EventTypeEntry): z.output<typeof eventTypeOutput> {
  return {
    name: entry.name,
    description: entry.description,
    group: entry.group,
    schema: entry.schema,
    examples: [...entry.examples],
    enforcement: entry.enforcement,
    deprecated: entry.deprecated,
    deprecated_message: entry.deprecatedMessage,
    replaced_by: entry.replacedBy,
    created_at: isoTime(entry.createdAt),
    updated_at: isoTime(entry.updatedAt),
  };
}

/** An entry about which nothing is said yet. */
export function newEntry(entryName: string, now: number): EventTypeEntry {
  return {
    name: entryName,
    description: null,
    group: null,
    schema: null,
    examples: [],
    enforcement: 'off',
    deprecated: false,
    deprecatedMessage: null,
    replacedBy: null,
    createdAt: now,
    updatedAt: now,
  };
}

/** The entry with those fields replaced that the caller gave; each one as a whole. */
export function changedEntry(
  entry: EventTypeEntry,
  input: ChangeEventTypeInput,
  now: number,
): EventTypeEntry {
  const { deprecated_message: message, replaced_by: replaced } = input;
  return {
    ...entry,
    description: input.description === undefined ? entry.description : input.description,
    group: input.group === undefined ? entry.group : input.group,
    schema: input.schema === undefined ? entry.schema : input.schema,
    examples: input.examples ?? entry.examples,
    enforcement: input.enforcement ?? entry.enforcement,
    deprecated: input.deprecated ?? entry.deprecated,
    deprecatedMessage: message === undefined ? entry.deprecatedMessage : message,
    replacedBy: replaced === undefined ? entry.replacedBy : replaced,
    updatedAt: now,
  };
}
