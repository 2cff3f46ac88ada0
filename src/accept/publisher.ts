/**
 * The entrance of the pipe: route, build the bytes, queue for the next commit, answer after it.
 * Whatever comes in, from the API or a source, ends here.
 */
import { eventId } from '../domain/ids.ts';
import type { Subscription } from '../domain/subscription.ts';
import { buildEnvelope, type EnvelopeFields } from '../protocol/envelope.ts';
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { DedupeKey, DeliveryRecord, ExistingEvent, NewEvent } from '../storage/journal.ts';
import type { StorageError } from '../storage/storage.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import { storedBytes } from '../storage/tenant-data.ts';
import { dedupeKeys } from './dedupe-key.ts';
import type { InboundOrigin, Publication, Publisher, PublishResult } from './publication.ts';
import { route } from './route.ts';
import type { StorageQuota } from './storage-quota.ts';
import { storageFull, type Rules, type TenantRules } from './tenant-rules.ts';

/** Beyond these the entrance sheds load: what is queued for the commit is held in memory. */
const MAX_QUEUED_EVENTS = 50_000;
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;

/** A node under overload drains its queue within about this time. */
const RETRY_AFTER_OVERLOAD_SECONDS = 1;
const RETRY_AFTER_STORAGE_SECONDS = 5;

interface Options {
  readonly writer: JournalWriter;
  readonly directory: SubscriptionDirectory;
  readonly clock: Clock;
  /** A reason not to take events now (draining, too much undelivered), or undefined. */
  readonly refusal: () => string | undefined;
  /** Left out where no tenant has any. */
  readonly rules?: Pick<TenantRules, 'of'>;
}

const NONE_PARKED: readonly DeliveryRecord[] = [];

export function createPublisher(options: Options): Publisher {
  return {
    publish(publication, done) {
      const refusal = options.refusal() ?? overload(options.writer);
      if (refusal !== undefined) {
        queueMicrotask(() => done(unavailable(refusal, RETRY_AFTER_OVERLOAD_SECONDS)));
        return;
      }
      const rules = options.rules?.of(publication.tenant);
      if (rules === undefined) accept(options, publication, done);
      else acceptUnder(rules, options, publication, done);
    },
  };
}

function overload(writer: JournalWriter): string | undefined {
  const { events, bytes } = writer.backlog;
  if (events < MAX_QUEUED_EVENTS && bytes < MAX_QUEUED_BYTES) return undefined;
  return `${events} events (${bytes} bytes) already wait to be stored`;
}

type Done = (result: PublishResult) => void;

function acceptUnder(rules: Rules, options: Options, publication: Publication, done: Done): void {
  const admitted = rules.admit(publication);
  if ('code' in admitted) queueMicrotask(() => done({ kind: 'refused', refusal: admitted }));
  else accept(options, admitted, done, rules.storageFor(admitted));
}

function accept(
  options: Options,
  publication: Publication,
  done: Done,
  storage: StorageQuota | null = null,
): void {
  const now = options.clock.now();
  const sequence = options.writer.nextSequence();
  const id = publication.id ?? eventId(now, sequence);
  const { only } = publication;
  const timestamp = isoInstant(publication.occurredAt ?? now);
  const matched =
    only === undefined ? route(options.directory, publication, id, timestamp) : [only];
  const event = toEvent(publication, { sequence, id, now, timestamp, matched });
  const bytes = storage === null ? 0 : storedBytes(event.body.length, event.metadata);
  if (storage?.reserve(bytes) === false) {
    queueMicrotask(() => done({ kind: 'refused', refusal: storageFull(storage) }));
    return;
  }
  options.writer.append(event, (result) => {
    storage?.settled(bytes, result.kind === 'stored');
    if (result.kind === 'stored') done({ kind: 'accepted', id, deliveries: matched.length });
    else if (result.kind === 'duplicate') done(duplicate(event.dedupe, result.existing));
    else done(storageRefusal(result.error));
  });
}

interface Placed {
  readonly sequence: number;
  readonly id: string;
  readonly now: number;
  /** ISO 8601: when it happened. */
  readonly timestamp: string;
  readonly matched: readonly Subscription[];
}

function toEvent(publication: Publication, placed: Placed): NewEvent {
  const { sequence, id, now, timestamp, matched } = placed;
  const { taskId, runId, status, eventType, dataText, inbound } = publication;
  const fields = { id, eventType, timestamp, taskId, runId, status, dataText };
  return {
    sequence,
    tenant: publication.tenant,
    createdAt: now,
    eventType,
    customId: publication.id ?? null,
    taskId: taskId ?? null,
    runId: runId ?? null,
    status: status ?? null,
    orderingKey: publication.orderingKey ?? null,
    retry: publication.retry ?? true,
    metadata: publication.metadataText ?? null,
    warnings: publication.warningsText ?? null,
    source: inbound?.source ?? null,
    providerEventId: inbound?.providerEventId ?? null,
    body: Buffer.from(buildEnvelope(inbound === undefined ? fields : withOrigin(fields, inbound))),
    matched: matched.map((subscription) => subscription.number),
    dedupe: dedupeKeys(publication),
    parked: parkedDeliveries(publication, placed),
  };
}

function withOrigin(fields: EnvelopeFields, origin: InboundOrigin): EnvelopeFields {
  const { sourceId, providerEventId } = origin;
  return { ...fields, sourceId, providerEventId: providerEventId ?? undefined };
}

let lastInstant = Number.NaN;
let lastIso = '';

/** ISO 8601; remembers the last instant, because many events share their millisecond. */
function isoInstant(instant: number): string {
  if (instant !== lastInstant) {
    lastIso = new Date(instant).toISOString();
    lastInstant = instant;
  }
  return lastIso;
}

/** Rows for the deliveries that can't start with the commit: held, or scheduled for later. */
function parkedDeliveries(publication: Publication, placed: Placed): readonly DeliveryRecord[] {
  const { sequence, now, matched } = placed;
  const dueAt = publication.deliverAt ?? now;
  const parked: DeliveryRecord[] = [];
  for (const { number, status } of matched) {
    const scheduled = dueAt > now;
    // A scheduled one is held when its time comes, if its subscription still is by then.
    if (!scheduled && status === 'active') continue;
    parked.push({
      sequence,
      subscription: number,
      tenant: publication.tenant,
      status: scheduled ? 'waiting' : 'held',
      attempts: 0,
      nextAttemptAt: scheduled ? dueAt : null,
      attemptsBefore: 0,
      orderingKey: publication.orderingKey ?? null,
      replay: null,
      reason: scheduled ? 'scheduled by deliver_at' : `the subscription is ${status}`,
      createdAt: now,
      updatedAt: now,
    });
  }
  return parked.length === 0 ? NONE_PARKED : parked;
}

function duplicate(claimed: readonly DedupeKey[], existing: ExistingEvent): PublishResult {
  const [first] = claimed;
  if (first !== undefined && Buffer.compare(first.fingerprint, existing.fingerprint) !== 0) {
    const reason = 'another event was published under this id or idempotency key';
    return { kind: 'conflict', reason };
  }
  return {
    kind: 'duplicate',
    id: existing.customId ?? eventId(existing.createdAt, existing.sequence),
    eventType: existing.eventType,
    deliveries: existing.matchedCount,
  };
}

function storageRefusal(error: StorageError): PublishResult {
  const reason =
    error.failure === 'full'
      ? 'the disk of the store is full'
      : 'the store could not save the event';
  return unavailable(reason, RETRY_AFTER_STORAGE_SECONDS);
}

function unavailable(reason: string, retryAfterSeconds: number): PublishResult {
  return { kind: 'unavailable', reason, retryAfterSeconds };
}
