/** Deliveries and attempts as readers see them. */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { DeliveryControl } from '../../dispatch/delivery-control.ts';
import { DELIVERY_STATES, type DeliveryState } from '../../domain/delivery-state.ts';
import { attemptId, deliveryId } from '../../domain/ids.ts';
import { FAILURE_REASONS } from '../../domain/outcome.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ATTEMPT_TRIGGERS, type AttemptRecord, type DeliveryView } from '../../storage/journal.ts';
import type { SubscriptionRegistry } from '../../storage/subscription-registry.ts';
import { instantOut, isoTime, isoTimeOrNull } from '../common-schema.ts';
import type { JournalReads } from '../deps.ts';
import { publicEventId } from '../events/event-json.ts';
import { waitingReason } from './waiting-reason.ts';

const FAILURE_REASON_LIST = FAILURE_REASONS.map(({ reason }) => reason);

export const deliveryOutput = z
  .object({
    id: z.string().meta({ examples: ['dlv_01kgsx2f2g000000000010000001'] }),
    event_id: z.string(),
    subscription_id: z.string().nullable(),
    status: z
      .enum(DELIVERY_STATES)
      .describe('`sending` is told by the node that sends; others say what is stored.'),
    attempts: z.int().min(0).describe('Attempts made so far.'),
    next_attempt_at: instantOut.nullable(),
    reason: z.string().nullable().describe('Why it is in this state.'),
    created_at: instantOut,
  })
  .meta({ id: 'Delivery' });

export const attemptOutput = z
  .object({
    id: z.string(),
    delivery_id: z.string(),
    number: z.int().min(1).describe('Counted from 1.'),
    trigger: z.enum(ATTEMPT_TRIGGERS),
    outcome: z.enum(['succeeded', 'failed']),
    failure_reason: z.enum(FAILURE_REASON_LIST).nullable(),
    detail: z.string().nullable().describe('One sentence about a failure.'),
    response_status: z.int().nullable(),
    response_headers: z.record(z.string(), z.string()).nullable(),
    response_body: z
      .string()
      .nullable()
      .describe('The part that was kept; bytes that are not UTF-8 are replaced.'),
    response_body_base64: z.string().optional().describe('The kept part, when it is not UTF-8.'),
    duration_ms: z.number(),
    started_at: instantOut,
    next_attempt_at: instantOut.nullable(),
  })
  .meta({ id: 'Attempt' });

export interface DeliveryJsonSources {
  readonly registry: Pick<SubscriptionRegistry, 'idOf'>;
  readonly deliveries: Pick<DeliveryControl, 'isSending' | 'lane' | 'waitsFor'>;
  readonly journal: Pick<JournalReads, 'event'>;
  readonly clock: Pick<Clock, 'now'>;
}

type DeliveryJson = z.output<typeof deliveryOutput>;

export async function deliveriesJson(
  tenant: number,
  deliveries: readonly DeliveryView[],
  sources: DeliveryJsonSources,
): Promise<DeliveryJson[]> {
  const before = deliveries.map((delivery) => sources.deliveries.waitsFor(delivery));
  const ids = new Map<number, string>();
  for (const sequence of new Set(before.filter((one) => one !== undefined))) {
    const event = await sources.journal.event(tenant, sequence);
    if (event !== undefined) ids.set(sequence, publicEventId(event));
  }
  return deliveries.map((delivery, index) => {
    const waitsFor = before[index];
    return deliveryJson(delivery, sources, waitsFor === undefined ? undefined : ids.get(waitsFor));
  });
}

/** `sending` is known in memory alone: the store does not hear of an attempt before it ended. */
export function currentStatus(
  delivery: DeliveryView,
  deliveries: Pick<DeliveryControl, 'isSending'>,
): DeliveryState {
  const { sequence, subscription, status } = delivery;
  return deliveries.isSending(sequence, subscription) ? 'sending' : status;
}

/** @param before the public id of the event whose delivery has to be over first. */
export function deliveryJson(
  delivery: DeliveryView,
  sources: DeliveryJsonSources,
  before?: string,
): DeliveryJson {
  const { sequence, subscription, createdAt, attempts, nextAttemptAt } = delivery;
  return {
    id: deliveryId(createdAt, sequence, subscription),
    event_id: publicEventId(delivery),
    subscription_id: sources.registry.idOf(subscription) ?? null,
    status: currentStatus(delivery, sources.deliveries),
    attempts,
    // Nobody knows when the one before it will be over.
    next_attempt_at: before === undefined ? isoTimeOrNull(nextAttemptAt) : null,
    reason: waitingReason(delivery, sources.deliveries, sources.clock.now(), before),
    created_at: isoTime(createdAt),
  };
}

export function attemptJson(
  attempt: AttemptRecord,
  delivery: DeliveryView,
): z.output<typeof attemptOutput> {
  const { sequence, subscription, number } = attempt;
  const { createdAt } = delivery;
  return {
    id: attemptId(createdAt, sequence, subscription, number),
    delivery_id: deliveryId(createdAt, sequence, subscription),
    number,
    trigger: attempt.trigger,
    outcome: attempt.outcome,
    failure_reason: attempt.failureReason,
    detail: attempt.detail,
    response_status: attempt.responseStatus,
    response_headers: headersOf(attempt.responseHeaders),
    ...bodyOf(attempt.responseBody),
    duration_ms: attempt.durationMs,
    started_at: isoTime(attempt.startedAt),
    next_attempt_at: isoTimeOrNull(attempt.nextAttemptAt),
  };
}

function headersOf(text: string | null): Record<string, string> | null {
  if (text === null) return null;
  const headers: Record<string, string> = JSON.parse(text);
  return headers;
}

function bodyOf(bytes: Uint8Array | null): {
  response_body: string | null;
  response_body_base64?: string;
} {
  if (bytes === null) return { response_body: null };
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  if (isUtf8(buffer)) return { response_body: text };
  return { response_body: text, response_body_base64: buffer.toString('base64') };
}
