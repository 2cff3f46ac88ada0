/** Reads event types out of the `webhooks` of an OpenAPI 3.1 document. */
import { isObject } from '../../catalogue/schema-keywords.ts';
import { dataOf, extensionFields, type Candidate } from './candidate.ts';
import { followed, memberOf, membersOf, type Located } from './schema-references.ts';

const METHODS = ['post', 'put', 'patch'];
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/;

export function openApiCandidates(document: Located): Candidate[] {
  return membersOf(memberOf(document, 'webhooks')).map((item) => candidateOf(document.value, item));
}

function candidateOf(document: unknown, item: Located & { readonly key: string }): Candidate {
  const path = followed(document, item);
  const operation = path && METHODS.map((method) => memberOf(path, method)).find(Boolean);
  if (operation === undefined || !isObject(operation.value)) {
    const problem = `it has no operation of the method ${METHODS.join(' or ')}`;
    return { name: item.key, source: item.at, fields: { problem } };
  }
  const data = dataOf(document, bodyOf(document, operation));
  if ('problem' in data) return { name: item.key, source: operation.at, fields: data };
  const { description, summary, deprecated, tags } = operation.value;
  const fields = {
    description: description ?? summary ?? null,
    group: (Array.isArray(tags) ? (tags[0] as unknown) : undefined) ?? null,
    schema: data.schema,
    examples: data.examples,
    deprecated: deprecated === true,
    deprecated_message: null,
    replaced_by: null,
    ...extensionFields(operation.value),
  };
  return { name: data.eventType ?? item.key, source: operation.at, fields };
}

function bodyOf(document: unknown, operation: Located) {
  const request = memberOf(operation, 'requestBody');
  const body = request && followed(document, request);
  const contents = membersOf(body && memberOf(body, 'content'));
  const json = contents.find(({ key }) => JSON_TYPE.test(key));
  return {
    schema: json && memberOf(json, 'schema'),
    examples: json === undefined ? [] : examplesOf(document, json),
  };
}

/** `example` is one value; `examples` are objects that hold one each. */
function examplesOf(document: unknown, media: Located): unknown[] {
  const one = memberOf(media, 'example');
  const many = membersOf(memberOf(media, 'examples')).flatMap((example) => {
    const found = followed(document, example);
    const value = found && memberOf(found, 'value');
    return value === undefined ? [] : [value.value];
  });
  return one === undefined ? many : [one.value, ...many];
}
