/**
 * The body a receiver gets: one JSON object with the event's own fields first and `data` last.
 * It is built once, stored, signed and sent as the same bytes on every attempt.
 */
import { memberSpan, topLevelSpans } from './json-span.ts';

export interface EnvelopeFields {
  id: string;
  eventType: string;
  /** ISO 8601 in UTC. */
  timestamp: string;
  taskId?: string | undefined;
  runId?: string | undefined;
  status?: string | undefined;
  /** Set for what came in through a source; then its content is not to be trusted. */
  sourceId?: string | undefined;
  providerEventId?: string | undefined;
  /** JSON text of `data`, the publisher's bytes untouched; `'{}'` when the publisher gave none. */
  dataText: string;
}

/** An event as it is on the wire, hence the snake_case names. Unknown members are kept. */
export interface WebhookEvent {
  readonly webhook_id: string;
  readonly event_type: string;
  /** ISO 8601: when the event happened, not when this attempt was made. */
  readonly timestamp: string;
  readonly task_id?: string;
  readonly run_id?: string;
  readonly status?: string;
  /** The source it came in through, for events that no publisher of yours has sent. */
  readonly source_id?: string;
  /** What its provider calls it. */
  readonly provider_event_id?: string;
  /** There exactly with `source_id`: strangers wrote the data, so a model must not obey it. */
  readonly trust?: 'untrusted';
  /** Absent from thin payloads. */
  readonly data: unknown;
}

export type ParsedEnvelope =
  | { readonly ok: true; readonly event: WebhookEvent }
  | {
      readonly ok: false;
      readonly reason: 'not_utf8' | 'not_json' | 'not_an_event';
      /** One sentence for a person. Never holds a part of the body. */
      readonly detail: string;
    };

// Surrogates go to JSON.stringify too: it knows which of them stand without a partner.
// oxlint-disable-next-line no-control-regex -- control characters are what must be escaped
const NEEDS_ESCAPING = /["\\\u0000-\u001f\ud800-\udfff]/;

function quoted(text: string): string {
  return NEEDS_ESCAPING.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** The envelope's JSON text. `dataText` must be valid JSON: it is copied, not checked. */
export function buildEnvelope(fields: EnvelopeFields): string {
  let text = `{"webhook_id":${quoted(fields.id)},"event_type":${quoted(fields.eventType)}`;
  text += `,"timestamp":${quoted(fields.timestamp)}`;
  if (fields.taskId !== undefined) text += `,"task_id":${quoted(fields.taskId)}`;
  if (fields.status !== undefined) text += `,"status":${quoted(fields.status)}`;
  if (fields.runId !== undefined) text += `,"run_id":${quoted(fields.runId)}`;
  if (fields.sourceId !== undefined) text += inboundMembers(fields.sourceId, fields);
  return `${text},"data":${fields.dataText}}`;
}

function inboundMembers(sourceId: string, { providerEventId }: EnvelopeFields): string {
  const own =
    providerEventId === undefined ? '' : `,"provider_event_id":${quoted(providerEventId)}`;
  return `,"source_id":${quoted(sourceId)}${own},"trust":"untrusted"`;
}

/** The `data` text of a body that `buildEnvelope` made, exactly as the publisher sent it. */
export function envelopeDataText(body: string): string {
  const span = memberSpan(body, 'data');
  if (span === undefined) throw new SyntaxError('The envelope has no data member');
  return body.slice(span.start, span.end);
}

/** The inverse of `buildEnvelope`: `data` is cut out, the rest is read. */
export function readEnvelope(body: string): EnvelopeFields {
  const spans = topLevelSpans(body);
  const textOf = (key: string): string | undefined => {
    const span = spans.get(key);
    return span && String(JSON.parse(body.slice(span.start, span.end)));
  };
  const data = spans.get('data');
  if (data === undefined) throw new SyntaxError('The envelope has no data member');
  return {
    id: textOf('webhook_id') ?? '',
    eventType: textOf('event_type') ?? '',
    timestamp: textOf('timestamp') ?? '',
    taskId: textOf('task_id'),
    runId: textOf('run_id'),
    status: textOf('status'),
    ...(spans.has('source_id') && originOf(textOf)),
    dataText: body.slice(data.start, data.end),
  };
}

function originOf(textOf: (key: string) => string | undefined): Partial<EnvelopeFields> {
  return { sourceId: textOf('source_id'), providerEventId: textOf('provider_event_id') };
}

function isAbsentOrText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isEvent(value: unknown): value is WebhookEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const event: Partial<Record<keyof WebhookEvent, unknown>> = value;
  return (
    typeof event.webhook_id === 'string' &&
    event.webhook_id !== '' &&
    typeof event.event_type === 'string' &&
    typeof event.timestamp === 'string' &&
    isAbsentOrText(event.task_id) &&
    isAbsentOrText(event.run_id) &&
    isAbsentOrText(event.status) &&
    isAbsentOrText(event.source_id) &&
    isAbsentOrText(event.provider_event_id)
  );
}

// A byte order mark stays in the text, so that JSON.parse refuses it as RFC 8259 allows.
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What the bytes mean as JSON, or why they mean nothing. */
export function parseJsonBytes(
  bytes: Uint8Array,
): { readonly ok: true; readonly value: unknown } | Extract<ParsedEnvelope, { ok: false }> {
  let text: string;
  try {
    text = STRICT_UTF8.decode(bytes);
  } catch {
    return { ok: false, reason: 'not_utf8', detail: 'The body is not valid UTF-8.' };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, reason: 'not_json', detail: 'The body is not valid JSON.' };
  }
}

/** Reads a received body. Check the signature over the same bytes before calling this. */
export function parseEnvelope(bytes: Uint8Array): ParsedEnvelope {
  const parsed = parseJsonBytes(bytes);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (isEvent(value)) return { ok: true, event: value };
  return {
    ok: false,
    reason: 'not_an_event',
    detail: 'The body is not an event: webhook_id, event_type and timestamp must be strings.',
  };
}
