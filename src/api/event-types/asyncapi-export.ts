/** The event catalogue as AsyncAPI 3.0: one channel, and a message for each event type. */
import { dialectOf } from '../../catalogue/schema-keywords.ts';
import type { EventTypeEntry } from '../../domain/event-type-entry.ts';
import { RECEIVE_EVENT } from '../openapi/receive-event.ts';
import { deliveredBodyExamples, deliveredBodySchema, EXTENSION } from './delivered-body.ts';
import { embedded } from './schema-references.ts';

const HTTP_BINDING_VERSION = '0.3.0';

const HEADERS = {
  type: 'object',
  properties: Object.fromEntries(
    RECEIVE_EVENT.parameters.map(({ name, description, schema }) => [
      name,
      { ...schema, description },
    ]),
  ),
};

/** @param version of the document, such as when the catalogue last changed. */
export function asyncApiExport(entries: readonly EventTypeEntry[], version: string): object {
  const names = entries.map(({ name }) => name);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Events',
      version,
      description: 'The events you can subscribe to, as they reach your endpoint.',
    },
    defaultContentType: 'application/json',
    channels: {
      subscriptions: {
        address: null,
        description: 'POST to the target of each subscription that wants the event.',
        messages: Object.fromEntries(
          names.map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: {
      deliverEvent: {
        action: 'send',
        channel: { $ref: '#/channels/subscriptions' },
        messages: names.map((name) => ({ $ref: `#/channels/subscriptions/messages/${name}` })),
        bindings: { http: { method: 'POST', bindingVersion: HTTP_BINDING_VERSION } },
      },
    },
    components: {
      messages: Object.fromEntries(entries.map((entry) => [entry.name, messageOf(entry)])),
    },
  };
}

function messageOf(entry: EventTypeEntry): object {
  const { name, description, group, schema, deprecated, enforcement } = entry;
  const { deprecatedMessage, replacedBy } = entry;
  const examples = deliveredBodyExamples(entry);
  const place = `/components/messages/${name}/payload/schema/properties/data`;
  const dialect = (schema && dialectOf(schema)) ?? '2020-12';
  return {
    name,
    ...(description !== null && { description }),
    ...(group !== null && { tags: [{ name: group }] }),
    contentType: 'application/json',
    headers: HEADERS,
    payload: {
      schemaFormat: `application/schema+json;version=${dialect}`,
      schema: deliveredBodySchema(name, schema === null ? true : embedded(schema, place)),
    },
    ...(examples.length > 0 && { examples: examples.map((payload) => ({ payload })) }),
    [EXTENSION]: {
      enforcement,
      ...(deprecated && { deprecated }),
      ...(deprecatedMessage !== null && { deprecated_message: deprecatedMessage }),
      ...(replacedBy !== null && { replaced_by: replacedBy }),
    },
  };
}
