/** A stored event as readers see it; `data` and `metadata` are copied as text, never re-written. */
import { z } from 'zod';
import { eventId } from '../../domain/ids.ts';
import { envelopeDataText } from '../../protocol/envelope.ts';
import { memberSpan } from '../../protocol/json-span.ts';
import type { DeliveryView, EventRecord } from '../../storage/journal.ts';
import { instantOut, isoTime } from '../common-schema.ts';
import { warnings } from './catalogue-check.ts';

const count = z.int().min(0);

export const eventOutput = z
  .object({
    id: z.string().meta({ examples: ['evt_01kgsx2f2g00000000001'] }),
    event_type: z.string().meta({ examples: ['task.completed'] }),
    source_id: z.string().nullable().describe('The source it came in through, if any.'),
    provider_event_id: z.string().nullable().describe('Its id at the provider, if any.'),
    task_id: z.string().nullable(),
    run_id: z.string().nullable(),
    status: z.string().nullable(),
    ordering_key: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    occurred_at: instantOut,
    created_at: instantOut,
    deliveries: z
      .object({
        matched: count.describe('Subscriptions it goes to.'),
        delivered: count,
        pending: count.describe('Still to come: pending, sending or waiting for a retry.'),
        exhausted: count,
        held: count,
        cancelled: count,
      })
      .meta({ id: 'DeliveryCounts' }),
    warnings: warnings.describe('What the event catalogue had to say about it; mostly empty.'),
    data: z.unknown().describe('Exactly as published.'),
  })
  .meta({ id: 'Event' });

/** The id an event is known by: its publisher's own one, or the one derived from its place. */
export function publicEventId(
  event: Pick<EventRecord, 'customId' | 'createdAt' | 'sequence'>,
): string {
  return event.customId ?? eventId(event.createdAt, event.sequence);
}

/** JSON text of `eventOutput`. */
export function eventJson(event: EventRecord, deliveries: readonly DeliveryView[]): string {
  const body = Buffer.from(event.body).toString('utf8');
  const head = JSON.stringify({
    id: publicEventId(event),
    event_type: event.eventType,
    provider_event_id: event.providerEventId,
    task_id: event.taskId,
    run_id: event.runId,
    status: event.status,
    ordering_key: event.orderingKey,
    created_at: isoTime(event.createdAt),
    deliveries: deliveryCounts(deliveries),
  });
  const sourceId = event.source === null ? 'null' : member(body, 'source_id');
  return (
    `${head.slice(0, -1)},"source_id":${sourceId}` +
    `,"occurred_at":${member(body, 'timestamp')}` +
    `,"warnings":${event.warnings ?? '[]'}` +
    `,"metadata":${event.metadata ?? 'null'},"data":${envelopeDataText(body)}}`
  );
}

/** A member of the envelope, as JSON text. */
function member(body: string, name: string): string {
  const span = memberSpan(body, name);
  return span === undefined ? 'null' : body.slice(span.start, span.end);
}

function deliveryCounts(deliveries: readonly DeliveryView[]): Record<string, number> {
  const counts = { delivered: 0, pending: 0, exhausted: 0, held: 0, cancelled: 0 };
  for (const { status } of deliveries) {
    if (status === 'sending' || status === 'waiting') counts.pending += 1;
    else counts[status] += 1;
  }
  return { matched: deliveries.length, ...counts };
}
