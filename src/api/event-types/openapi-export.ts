/** The event catalogue as an OpenAPI 3.1 document with one webhook for each event type. */
import type { EventTypeEntry } from '../../domain/event-type-entry.ts';
import { RECEIVE_EVENT } from '../openapi/receive-event.ts';
import { deliveredBodyExamples, deliveredBodySchema, EXTENSION } from './delivered-body.ts';
import { embedded } from './schema-references.ts';

/** @param version of the document, such as when the catalogue last changed. */
export function openApiExport(entries: readonly EventTypeEntry[], version: string): object {
  const withSchema = entries.flatMap(({ name, schema }) =>
    schema === null ? [] : { name, schema },
  );
  const groups = new Set(entries.flatMap(({ group }) => group ?? []));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Events',
      version,
      description: 'The events you can subscribe to, as they reach your endpoint.',
    },
    tags: [...groups].toSorted().map((name) => ({ name })),
    webhooks: Object.fromEntries(
      entries.map((entry) => [entry.name, { post: operationOf(entry) }]),
    ),
    components: {
      schemas: Object.fromEntries(
        withSchema.map(({ name, schema }) => [name, embedded(schema, schemaPlace(name))]),
      ),
    },
  };
}

/** Names of event types need no escaping in a pointer. */
function schemaPlace(name: string): string {
  return `/components/schemas/${name}`;
}

function operationOf(entry: EventTypeEntry): object {
  const { name, description, group, schema, deprecated } = entry;
  const data = schema === null ? true : { $ref: `#${schemaPlace(name)}` };
  const examples = deliveredBodyExamples(entry).map(
    (value, index) => [`example_${index + 1}`, { value }] as const,
  );
  return {
    operationId: name,
    ...(description !== null && { description }),
    ...(group !== null && { tags: [group] }),
    ...(deprecated && { deprecated }),
    parameters: RECEIVE_EVENT.parameters,
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: deliveredBodySchema(name, data),
          ...(examples.length > 0 && { examples: Object.fromEntries(examples) }),
        },
      },
    },
    responses: RECEIVE_EVENT.responses,
    [EXTENSION]: extensionOf(entry),
  };
}

/** What OpenAPI has no word for. */
function extensionOf({ enforcement, deprecatedMessage, replacedBy }: EventTypeEntry): object {
  return {
    enforcement,
    ...(deprecatedMessage !== null && { deprecated_message: deprecatedMessage }),
    ...(replacedBy !== null && { replaced_by: replacedBy }),
  };
}
