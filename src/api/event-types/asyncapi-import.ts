/** Reads event types out of the messages of an AsyncAPI 3.0 document. */
import { isObject } from '../../catalogue/schema-keywords.ts';
import { dataOf, extensionFields, type Candidate, type Unreadable } from './candidate.ts';
import { followed, memberOf, membersOf, type Located } from './schema-references.ts';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

/** The format of AsyncAPI itself is draft-07 with notes. */
const READABLE = /^application\/(schema|vnd\.aai\.asyncapi)(\+json|\+yaml)?(;|$)/;
const IS_2020_12 = /version=2020-12\b/;

export function asyncApiCandidates(document: Located): Candidate[] {
  const channels = membersOf(memberOf(document, 'channels')).flatMap((channel) => {
    const found = followed(document.value, channel);
    return membersOf(found && memberOf(found, 'messages'));
  });
  const components = memberOf(document, 'components');
  const named = membersOf(components && memberOf(components, 'messages'));
  const candidates = new Map<string, Candidate>();
  for (const message of [...channels, ...named]) {
    const candidate = candidateOf(document.value, message);
    // Channels refer to the messages of the components: each is read once.
    if (!candidates.has(candidate.source)) candidates.set(candidate.source, candidate);
  }
  return [...candidates.values()];
}

function candidateOf(document: unknown, item: Located & { readonly key: string }): Candidate {
  const message = followed(document, item);
  if (message === undefined || !isObject(message.value)) {
    const problem = 'it is a reference that leads to no message of the document';
    return { name: item.key, source: item.at, fields: { problem } };
  }
  const { name, description, summary, title } = message.value;
  const called = typeof name === 'string' ? name : item.key;
  const payload = payloadOf(document, message);
  if ('problem' in payload) return { name: called, source: message.at, fields: payload };
  const data = dataOf(document, payload);
  if ('problem' in data) return { name: called, source: message.at, fields: data };
  const [tag] = membersOf(memberOf(message, 'tags'));
  const fields = {
    description: description ?? summary ?? title ?? null,
    group: (isObject(tag?.value) ? tag.value['name'] : undefined) ?? null,
    schema: payload.isOld ? asDraft07(data.schema) : data.schema,
    examples: data.examples,
    deprecated: false,
    deprecated_message: null,
    replaced_by: null,
    ...extensionFields(message.value),
  };
  return { name: data.eventType ?? called, source: message.at, fields };
}

interface Payload {
  readonly schema: Located | undefined;
  readonly examples: readonly unknown[];
  /** True for draft-07, which schemas of AsyncAPI are unless they say otherwise. */
  readonly isOld: boolean;
}

/** A payload is a schema, or one with the name of its format. */
function payloadOf(document: unknown, message: Located): Payload | Unreadable {
  const given = memberOf(message, 'payload');
  const payload = given && followed(document, given);
  const examples = membersOf(memberOf(message, 'examples')).flatMap((example) => {
    const value = memberOf(example, 'payload');
    return value === undefined ? [] : [value.value];
  });
  if (payload === undefined) return { schema: undefined, examples, isOld: false };
  const format = memberOf(payload, 'schemaFormat')?.value;
  if (typeof format !== 'string') return { schema: payload, examples, isOld: true };
  if (!READABLE.test(format)) return { problem: `its schema is no JSON Schema but ${format}` };
  return { schema: memberOf(payload, 'schema'), examples, isOld: !IS_2020_12.test(format) };
}

function asDraft07(schema: unknown): unknown {
  if (!isObject(schema) || schema['$schema'] !== undefined) return schema;
  return { $schema: DRAFT_07, ...schema };
}
