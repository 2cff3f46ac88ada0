/** What a document says of one event type, before anybody has judged it. */
import { isObject } from '../../catalogue/schema-keywords.ts';
import { EXTENSION } from './delivered-body.ts';
import { followed, memberOf, standalone, type Located } from './schema-references.ts';

export interface Candidate {
  /** The event type. */
  readonly name: string;
  /** JSON Pointer to where the document speaks of it. */
  readonly source: string;
  /**
   * Fields of `changeEventTypeInput`; those left out, the document does not speak of. A reason why
   * it can't be read stands in their place.
   */
  readonly fields: Readonly<Record<string, unknown>> | Unreadable;
}

export interface Unreadable {
  readonly problem: string;
}

/** A body that a document describes. */
interface Body {
  /** Of the whole body. */
  readonly schema: Located | undefined;
  /** Whole bodies. */
  readonly examples: readonly unknown[];
}

/** What is known of the data in it. */
interface Data {
  readonly schema: unknown;
  readonly examples: readonly unknown[];
  /** The event type as the body itself names it. */
  readonly eventType: string | undefined;
}

/**
 * Takes `data` out of a body that is an envelope: one with `data` and beside it the event type, as
 * `event_type` (Bellwire) or `type` (Standard Webhooks). Any other body is the data itself.
 */
export function dataOf(document: unknown, body: Body): Data | Unreadable {
  if (body.schema === undefined) {
    return { schema: null, examples: body.examples, eventType: undefined };
  }
  const located = followed(document, body.schema);
  if (located === undefined) {
    return { problem: 'its schema is a reference that leads to nothing in the document' };
  }
  const properties = memberOf(located, 'properties');
  const data = properties && memberOf(properties, 'data');
  const type = properties && (memberOf(properties, 'event_type') ?? memberOf(properties, 'type'));
  if (data === undefined || type === undefined) {
    const schema = schemaOrNull(standalone(document, located));
    return { schema, examples: body.examples, eventType: undefined };
  }
  const inner = followed(document, data);
  if (inner === undefined) {
    return { problem: 'the schema of its data is a reference that leads to nothing' };
  }
  return {
    schema: schemaOrNull(standalone(document, inner)),
    examples: body.examples.flatMap((value) =>
      isObject(value) && Object.hasOwn(value, 'data') ? [value['data']] : [],
    ),
    eventType: namedType(type.value),
  };
}

/** `true` allows everything: nothing is known. */
function schemaOrNull(schema: unknown): unknown {
  return schema === true ? null : schema;
}

function namedType(schema: unknown): string | undefined {
  if (!isObject(schema)) return undefined;
  const { const: value, enum: values } = schema;
  const only: unknown = Array.isArray(values) && values.length === 1 ? values[0] : value;
  return typeof only === 'string' ? only : undefined;
}

/** What was exported beside the words of the format. */
export function extensionFields(value: unknown): Readonly<Record<string, unknown>> {
  const extension = isObject(value) ? value[EXTENSION] : undefined;
  return isObject(extension) ? extension : {};
}
