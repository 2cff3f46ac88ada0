/** Plans the message of one try. Pure: same job, same bytes. */
import { deliveryId } from '../../domain/ids.ts';
import {
  HEADER_ATTEMPT,
  HEADER_CONTENT_TYPE,
  HEADER_DELIVERY_ID,
  HEADER_EVENT_TYPE,
  HEADER_TRACEPARENT,
  HEADER_WEBHOOK_ID,
} from '../../protocol/headers.ts';
import type { AttemptJob } from '../destination.ts';
import { contentTypeOf, payloadOf, type PayloadOptions } from '../payload.ts';
import { memberSpan } from '../../protocol/json-span.ts';
import { traceparent } from '../traceparent.ts';
import type { BrokerMessage } from './adapter.ts';

/** @param transformed what a transform made of the envelope, UTF-8 JSON, or null without one. */
export function planMessage(
  job: AttemptJob,
  transformed: Uint8Array | null,
  payloads: PayloadOptions,
): BrokerMessage {
  const { subscription, eventId, eventType, orderingKey, sequence, createdAt } = job;
  const contentType = contentTypeOf(subscription.payloadFormat);
  const delivery = deliveryId(createdAt, sequence, subscription.number);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(subscription.headers)) {
    headers[name.toLowerCase()] = value;
  }
  headers[HEADER_CONTENT_TYPE] = contentType;
  headers[HEADER_WEBHOOK_ID] = eventId;
  headers[HEADER_DELIVERY_ID] = delivery;
  headers[HEADER_ATTEMPT] = String(job.attemptNumber);
  headers[HEADER_EVENT_TYPE] = eventType;
  headers[HEADER_TRACEPARENT] = traceparent(job);
  const { body } = payloadOf(job, transformed, payloads);
  return {
    body,
    contentType,
    eventId,
    deliveryId: delivery,
    eventType,
    orderingKey,
    line: () => lineOf(job),
    createdAt,
    headers,
  };
}

/** Where dispatch keeps events in one line, so does the broker; else a task belongs together. */
function lineOf({ orderingKey, subscription, body, eventId }: AttemptJob): string {
  if (orderingKey !== null) return orderingKey;
  if (subscription.ordered) return WITHOUT_KEY;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  const span = memberSpan(text, 'task_id');
  const taskId: unknown = span && JSON.parse(text.slice(span.start, span.end));
  return typeof taskId === 'string' ? taskId : eventId;
}

/** Events without a key share one line. */
const WITHOUT_KEY = 'events without a key';
