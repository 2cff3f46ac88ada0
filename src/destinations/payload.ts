/**
 * The bytes of a webhook in the format that its subscription asks for. They follow from the stored
 * envelope alone, so every attempt sends the same ones; a transform's result takes the place of the
 * envelope, or of `data` where a format has an envelope of its own.
 */
import { eventId as derivedEventId } from '../domain/ids.ts';
import type { PayloadFormat } from '../domain/subscription.ts';
import { thinLinkExpiry, type ThinLinks } from '../domain/thin-link.ts';
import {
  binaryCloudEventHeaders,
  STRUCTURED_CONTENT_TYPE,
  structuredCloudEvent,
} from '../protocol/cloudevents.ts';
import { readEnvelope, type EnvelopeFields } from '../protocol/envelope.ts';
import type { AttemptJob } from './destination.ts';

export interface Payload {
  readonly body: Uint8Array;
  /** Name, value, name, value …: what the format adds. */
  readonly headers: readonly string[];
}

export interface PayloadOptions {
  /** Where clients reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly links: ThinLinks;
}

const NO_HEADERS: readonly string[] = [];

export function contentTypeOf(format: PayloadFormat): string {
  return format === 'cloudevents' ? STRUCTURED_CONTENT_TYPE : 'application/json';
}

/** @param transformed what a transform made of the envelope, UTF-8 JSON, or null without one. */
export function payloadOf(
  job: AttemptJob,
  transformed: Uint8Array | null,
  options: PayloadOptions,
): Payload {
  switch (job.subscription.payloadFormat) {
    case 'bellwire':
      return { body: transformed ?? job.body, headers: NO_HEADERS };
    case 'cloudevents': {
      const text = structuredCloudEvent(fieldsOf(job, transformed), sourceOf(job, options));
      return { body: Buffer.from(text), headers: NO_HEADERS };
    }
    case 'cloudevents_binary': {
      const fields = fieldsOf(job, transformed);
      const headers = binaryCloudEventHeaders(fields, sourceOf(job, options));
      return { body: Buffer.from(fields.dataText), headers };
    }
    case 'thin':
      return { body: Buffer.from(thinText(job, options)), headers: NO_HEADERS };
  }
}

/** The instant of the event, milliseconds: what a transform takes for the present. */
export function instantOf(job: AttemptJob): number {
  return Date.parse(fieldsOf(job, null).timestamp);
}

function fieldsOf({ body }: AttemptJob, transformed: Uint8Array | null): EnvelopeFields {
  const fields = readEnvelope(utf8(body));
  return transformed === null ? fields : { ...fields, dataText: utf8(transformed) };
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** CloudEvents, "source": the context in which the id is unique. */
function sourceOf({ subscription }: AttemptJob, { publicUrl }: PayloadOptions): string {
  return `${publicUrl()}/tenants/${subscription.tenant}`;
}

function thinText(job: AttemptJob, { publicUrl, links }: PayloadOptions): string {
  const { eventType, timestamp } = fieldsOf(job, null);
  const { eventId, createdAt, sequence, startedAt } = job;
  const id = derivedEventId(createdAt, sequence);
  const { expires, signature } = links.sign(id, thinLinkExpiry(createdAt, startedAt));
  return JSON.stringify({
    webhook_id: eventId,
    event_type: eventType,
    timestamp,
    fetch_url: `${publicUrl()}/v1/thin/${id}?expires=${expires}&signature=${signature}`,
  });
}
