/**
 * A journal batch as it crosses to the writer thread: plain rows, and all byte strings packed into
 * one transferred buffer, so that a batch costs one hop and one copy whatever its size.
 */
import type {
  AttemptRecord,
  DeliveryRecord,
  JournalBatch,
  NewEvent,
  RefusedDuplicate,
} from '../journal.ts';
import type { StorageFailure } from '../storage.ts';

/** A slice of the packed bytes: [start, end). */
export type Slice = readonly [start: number, end: number];

export interface EventMessage {
  readonly row: readonly (number | string | null)[];
  readonly body: Slice;
  /** Hash and fingerprint of each dedupe key. Null for the many events without one. */
  readonly keys: readonly (readonly [hash: Slice, fingerprint: Slice])[] | null;
  readonly parked: readonly DeliveryMessage[] | null;
}

export interface AttemptMessage {
  readonly row: readonly (number | string | null)[];
  readonly responseBody: Slice | null;
}

export type DeliveryMessage = readonly (number | string | null)[];

export interface BatchMessage {
  readonly events: readonly EventMessage[];
  readonly attempts: readonly AttemptMessage[];
  readonly deliveries: readonly DeliveryMessage[];
  readonly lowWaterMark: number | null;
  readonly bytes: ArrayBuffer;
}

export type WriterReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'committed'; readonly refused: readonly RefusedDuplicate[] }
  | { readonly kind: 'failed'; readonly failure: StorageFailure; readonly message: string };

export function toMessage(batch: JournalBatch): BatchMessage {
  const packer = new Packer(packedLength(batch));
  return {
    events: batch.events.map((event) => eventMessage(event, packer)),
    attempts: batch.attempts.map((attempt) => attemptMessage(attempt, packer)),
    deliveries: batch.deliveries.map(deliveryMessage),
    lowWaterMark: batch.lowWaterMark,
    bytes: packer.buffer,
  };
}

function eventMessage(event: NewEvent, packer: Packer): EventMessage {
  return {
    row: [
      event.sequence,
      event.tenant,
      event.createdAt,
      event.eventType,
      event.customId,
      event.taskId,
      event.runId,
      event.status,
      event.orderingKey,
      event.matched.join(','),
      event.metadata,
    ],
    body: packer.add(event.body),
    keys:
      event.dedupe.length === 0
        ? null
        : event.dedupe.map((key) => [packer.add(key.hash), packer.add(key.fingerprint)] as const),
    parked: event.parked.length === 0 ? null : event.parked.map(deliveryMessage),
  };
}

function attemptMessage(attempt: AttemptRecord, packer: Packer): AttemptMessage {
  return {
    row: [
      attempt.sequence,
      attempt.subscription,
      attempt.number,
      attempt.trigger,
      attempt.outcome,
      attempt.failureReason,
      attempt.detail,
      attempt.responseStatus,
      attempt.responseHeaders,
      attempt.durationMs,
      attempt.startedAt,
      attempt.nextAttemptAt,
    ],
    responseBody: attempt.responseBody === null ? null : packer.add(attempt.responseBody),
  };
}

function deliveryMessage(delivery: DeliveryRecord): DeliveryMessage {
  return [
    delivery.sequence,
    delivery.subscription,
    delivery.tenant,
    delivery.status,
    delivery.attempts,
    delivery.nextAttemptAt,
    delivery.reason,
    delivery.createdAt,
    delivery.updatedAt,
  ];
}

function packedLength(batch: JournalBatch): number {
  let length = 0;
  for (const event of batch.events) {
    length += event.body.length;
    for (const key of event.dedupe) length += key.hash.length + key.fingerprint.length;
  }
  for (const attempt of batch.attempts) length += attempt.responseBody?.length ?? 0;
  return length;
}

class Packer {
  readonly buffer: ArrayBuffer;
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.buffer = new ArrayBuffer(capacity);
    this.#bytes = new Uint8Array(this.buffer);
  }

  add(bytes: Uint8Array): Slice {
    const start = this.#length;
    this.#bytes.set(bytes, start);
    this.#length = start + bytes.length;
    return [start, this.#length];
  }
}
