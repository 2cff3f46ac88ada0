/**
 * Events as CloudEvents 1.0 (https://github.com/cloudevents/spec, tag ce@v1.0.2): in structured
 * mode as one JSON object, in binary mode as headers beside the bare data. `data` stays the
 * publisher's text, byte for byte.
 */
import type { EnvelopeFields, WebhookEvent } from './envelope.ts';
import { HEADER_CLOUDEVENTS_PREFIX } from './headers.ts';

export const STRUCTURED_CONTENT_TYPE = 'application/cloudevents+json';
const DATA_CONTENT_TYPE = 'application/json';

/**
 * Context attributes in the order they are written. Names of extensions are lower-case letters and
 * digits, as the specification asks; a prefix keeps them from meeting those of others.
 */
function attributes(event: EnvelopeFields, source: string): [name: string, value: string][] {
  const all: [string, string | undefined][] = [
    ['specversion', '1.0'],
    ['id', event.id],
    ['source', source],
    ['type', event.eventType],
    ['time', event.timestamp],
    ['subject', event.taskId],
    ['bwrunid', event.runId],
    ['bwstatus', event.status],
    ['bwsourceid', event.sourceId],
    ['bwprovidereventid', event.providerEventId],
    ['bwtrust', event.sourceId === undefined ? undefined : 'untrusted'],
  ];
  return all.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

/** @param source an absolute URI; with the id it names the event in all the world. */
export function structuredCloudEvent(event: EnvelopeFields, source: string): string {
  const head = Object.fromEntries([
    ...attributes(event, source),
    ['datacontenttype', DATA_CONTENT_TYPE],
  ]);
  return `${JSON.stringify(head).slice(0, -1)},"data":${event.dataText}}`;
}

/** Name, value, name, value … The content type of the data is the request's own. */
export function binaryCloudEventHeaders(event: EnvelopeFields, source: string): string[] {
  return attributes(event, source).flatMap(([name, value]) => [
    HEADER_CLOUDEVENTS_PREFIX + name,
    encodeHeaderValue(value),
  ]);
}

const encoder = new TextEncoder();
const LAST_PRINTABLE = 0x7e;
const FIRST_PRINTABLE = 0x21;
const QUOTE = 0x22;
const PERCENT = 0x25;

/** HTTP protocol binding §3.1.3.2: percent-encoded but for printable ASCII without `"` and `%`. */
export function encodeHeaderValue(text: string): string {
  let encoded = '';
  for (const byte of encoder.encode(text)) {
    const stays =
      byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE && byte !== QUOTE && byte !== PERCENT;
    encoded += stays
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * §3.1.3.2 the other way: quotes of RFC 7230 §3.2.6 first, then percent-encoding.
 *
 * @returns undefined when the bytes are no UTF-8.
 */
export function decodeHeaderValue(value: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1];
  const plain = quoted === undefined ? value : quoted.replace(/\\(.)/g, '$1');
  const bytes: number[] = [];
  for (const part of plain.split(/(%[0-9A-Fa-f]{2})/)) {
    if (/^%[0-9A-Fa-f]{2}$/.test(part)) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...encoder.encode(part));
  }
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

/**
 * An event as receivers know it, from a CloudEvent's attributes and data; undefined unless it has
 * what every CloudEvent has.
 */
export function fromCloudEvent(
  attribute: (name: string) => unknown,
  data: unknown,
): WebhookEvent | undefined {
  const text = (name: string): string | undefined => {
    const value = attribute(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [id, eventType] = [text('id'), text('type')];
  const isVersion1 = text('specversion')?.startsWith('1.') === true;
  if (!isVersion1 || id === undefined || eventType === undefined || !text('source')) {
    return undefined;
  }
  const [taskId, runId, status] = [text('subject'), text('bwrunid'), text('bwstatus')];
  const [sourceId, providerEventId] = [text('bwsourceid'), text('bwprovidereventid')];
  return {
    webhook_id: id,
    event_type: eventType,
    timestamp: text('time') ?? '',
    ...(taskId !== undefined && { task_id: taskId }),
    ...(runId !== undefined && { run_id: runId }),
    ...(status !== undefined && { status }),
    ...(sourceId !== undefined && { source_id: sourceId, trust: 'untrusted' }),
    ...(providerEventId !== undefined && { provider_event_id: providerEventId }),
    data,
  };
}
