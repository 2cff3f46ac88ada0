/** A journal batch as the parameters of the commit statement: one array for each column. */
import type { InboundRecord } from '../inbound.ts';
import type { AttemptRecord, DeliveryRecord, NewEvent } from '../journal.ts';
import { byteaArray, float8Array, int2Array, int4Array, int8Array, textArray } from './arrays.ts';
import { tallyUsage, type UsageCount } from './usage-tally.ts';

/** A dedupe key on its way in. */
export interface Claim {
  readonly tenant: number;
  readonly hash: Uint8Array;
  readonly sequence: number;
  readonly fingerprint: Uint8Array;
}

/** What of a batch is to be stored, when it is clear which events are duplicates. */
export interface Accepted {
  readonly events: readonly NewEvent[];
  readonly claims: readonly Claim[];
  readonly attempts: readonly AttemptRecord[];
  /** At most one for each delivery: a statement can't write a row twice. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly inbound: readonly InboundRecord[];
  readonly lowWaterMark: number | null;
}

/** Writes one column of all rows. */
type Column<Row> = readonly [name: string, type: string, write: (rows: readonly Row[]) => Buffer];

function column<Row, Value>(
  name: string,
  type: string,
  encode: (values: readonly Value[]) => Buffer,
  read: (row: Row) => Value,
): Column<Row> {
  return [name, type, (rows) => encode(rows.map(read))];
}

const int2 = <Row>(name: string, read: (row: Row) => number) =>
  column(name, 'int2', int2Array, read);
const int4 = <Row>(name: string, read: (row: Row) => number | null) =>
  column(name, 'int4', int4Array, read);
const int8 = <Row>(name: string, read: (row: Row) => number | null) =>
  column(name, 'int8', int8Array, read);
const float8 = <Row>(name: string, read: (row: Row) => number) =>
  column(name, 'float8', float8Array, read);
const text = <Row>(name: string, read: (row: Row) => string | null) =>
  column(name, 'text', textArray, read);
const bytea = <Row>(name: string, read: (row: Row) => Uint8Array | null) =>
  column(name, 'bytea', byteaArray, read);

const EVENT_COLUMNS: readonly Column<NewEvent>[] = [
  int8('sequence', (event) => event.sequence),
  int4('tenant', (event) => event.tenant),
  int8('created_at', (event) => event.createdAt),
  text('event_type', (event) => event.eventType),
  text('custom_id', (event) => event.customId),
  text('task_id', (event) => event.taskId),
  text('run_id', (event) => event.runId),
  text('status', (event) => event.status),
  text('ordering_key', (event) => event.orderingKey),
  text('matched', (event) => event.matched.join(',')),
  text('metadata', (event) => event.metadata),
  int2('retry', (event) => (event.retry ? 1 : 0)),
  text('warnings', (event) => event.warnings),
  int4('source', (event) => event.source),
  text('provider_event_id', (event) => event.providerEventId),
  bytea('body', (event) => event.body),
];

const ATTEMPT_COLUMNS: readonly Column<AttemptRecord>[] = [
  int8('sequence', (attempt) => attempt.sequence),
  int4('subscription', (attempt) => attempt.subscription),
  int4('number', (attempt) => attempt.number),
  text('trigger', (attempt) => attempt.trigger),
  text('outcome', (attempt) => attempt.outcome),
  text('failure_reason', (attempt) => attempt.failureReason),
  text('detail', (attempt) => attempt.detail),
  int4('response_status', (attempt) => attempt.responseStatus),
  text('response_headers', (attempt) => attempt.responseHeaders),
  bytea('response_body', (attempt) => attempt.responseBody),
  float8('duration_ms', (attempt) => attempt.durationMs),
  int8('started_at', (attempt) => attempt.startedAt),
  int8('next_attempt_at', (attempt) => attempt.nextAttemptAt),
];

const DELIVERY_COLUMNS: readonly Column<DeliveryRecord>[] = [
  int8('sequence', (delivery) => delivery.sequence),
  int4('subscription', (delivery) => delivery.subscription),
  int4('tenant', (delivery) => delivery.tenant),
  text('status', (delivery) => delivery.status),
  int4('attempts', (delivery) => delivery.attempts),
  int4('attempts_before', (delivery) => delivery.attemptsBefore),
  text('ordering_key', (delivery) => delivery.orderingKey),
  int8('replay', (delivery) => delivery.replay),
  int8('next_attempt_at', (delivery) => delivery.nextAttemptAt),
  text('reason', (delivery) => delivery.reason),
  int8('created_at', (delivery) => delivery.createdAt),
  int8('updated_at', (delivery) => delivery.updatedAt),
];

const INBOUND_COLUMNS: readonly Column<InboundRecord>[] = [
  int8('sequence', (record) => record.sequence),
  int4('tenant', (record) => record.tenant),
  int4('source', (record) => record.source),
  int8('received_at', (record) => record.receivedAt),
  text('status', (record) => record.status),
  text('reason', (record) => record.reason),
  text('detail', (record) => record.detail),
  int8('event_sequence', (record) => record.eventSequence),
  text('event_id', (record) => record.eventId),
  text('provider_event_id', (record) => record.providerEventId),
  text('method', (record) => record.method),
  text('headers', (record) => record.headers),
  int8('body_bytes', (record) => record.bodyBytes),
  text('remote_address', (record) => record.remoteAddress),
  bytea('body', (record) => record.body),
];

const USAGE_COLUMNS: readonly Column<UsageCount>[] = [
  int4('tenant', (count) => count.tenant),
  int8('day', (count) => count.day),
  int8('events', (count) => count.events),
  int8('bytes', (count) => count.bytes),
];

const CLAIM_COLUMNS: readonly Column<Claim>[] = [
  int4('tenant', (claim) => claim.tenant),
  bytea('hash', (claim) => claim.hash),
  int8('sequence', (claim) => claim.sequence),
  bytea('fingerprint', (claim) => claim.fingerprint),
];

/** What a batch may hold, and so what its commit statement has to write. */
export type PartName = 'claim' | 'event' | 'usage' | 'attempt' | 'delivery' | 'inbound';

const COLUMN_HEADS: Readonly<Record<PartName, readonly (readonly [name: string, type: string])[]>> =
  {
    claim: heads(CLAIM_COLUMNS),
    event: heads(EVENT_COLUMNS),
    usage: heads(USAGE_COLUMNS),
    attempt: heads(ATTEMPT_COLUMNS),
    delivery: heads(DELIVERY_COLUMNS),
    inbound: heads(INBOUND_COLUMNS),
  };

/** Columns and the rows to insert, for the text of the statement. */
export interface Source {
  /** `sequence, tenant, …` */
  readonly columns: string;
  /** `unnest($6::int8[], …)` */
  readonly rows: string;
  readonly parameters: number;
}

/** @param first number of the first parameter that is a column of the part. */
export function sourceOf(part: PartName, first: number): Source {
  const columns = COLUMN_HEADS[part];
  const arrays = columns.map(([, type], index) => `$${first + index}::${type}[]`);
  return {
    columns: columns.map(([name]) => name).join(', '),
    rows: `unnest(${arrays.join(', ')})`,
    parameters: columns.length,
  };
}

export interface Part {
  readonly name: PartName;
  /** Parameters in the order of its columns. */
  readonly values: readonly Buffer[];
}

/** What there is to write, in the order in which it is written. */
export function partsOf(accepted: Accepted): readonly Part[] {
  const { events, attempts, deliveries, inbound, claims } = accepted;
  const parts: Part[] = [];
  const add = <Row>(name: PartName, columns: readonly Column<Row>[], rows: readonly Row[]) => {
    if (rows.length > 0) parts.push({ name, values: columns.map(([, , write]) => write(rows)) });
  };
  add('claim', CLAIM_COLUMNS, claims);
  add('event', EVENT_COLUMNS, events);
  add('usage', USAGE_COLUMNS, tallyUsage(events));
  add('attempt', ATTEMPT_COLUMNS, attempts);
  add('delivery', DELIVERY_COLUMNS, deliveries);
  add('inbound', INBOUND_COLUMNS, inbound);
  return parts;
}

function heads<Row>(columns: readonly Column<Row>[]) {
  return columns.map(([name, type]) => [name, type] as const);
}
