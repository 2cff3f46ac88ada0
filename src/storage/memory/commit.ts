/** One batch into the tables: first everything that may fail, then everything that changes. */
import type {
  AttemptRecord,
  EventRecord,
  ExistingEvent,
  JournalBatch,
  NewEvent,
  RefusedDuplicate,
} from '../journal.ts';
import { StorageError } from '../storage.ts';
import { existingEvent, keyName } from './keys.ts';
import type { JournalTables } from './tables.ts';

interface Claim {
  readonly event: NewEvent;
  readonly fingerprint: Uint8Array;
}

/** What of a batch is stored, and what is not. */
interface Plan {
  readonly accepted: readonly NewEvent[];
  readonly claims: ReadonlyMap<string, Claim>;
  readonly refused: readonly RefusedDuplicate[];
}

/** @throws StorageError `broken` when a sequence is taken; then nothing was stored. */
export function applyBatch(
  tables: JournalTables,
  batch: JournalBatch,
): readonly RefusedDuplicate[] {
  const { accepted, claims, refused } = plan(tables, batch.events);
  refuseTakenSequences(tables, accepted);
  for (const event of accepted) {
    tables.addEvent(ownEvent(event));
    for (const row of event.parked) tables.putDelivery({ ...row });
  }
  for (const [name, { event, fingerprint }] of claims) {
    tables.keys.hold(name, { sequence: event.sequence, fingerprint: fingerprint.slice() });
  }
  for (const attempt of batch.attempts) tables.addAttempt(ownAttempt(attempt));
  for (const row of batch.deliveries) tables.putDelivery({ ...row });
  for (const record of batch.inbound) tables.addInbound(record);
  if (batch.lowWaterMark !== null) tables.raiseLowWaterMark(batch.lowWaterMark);
  return refused;
}

function plan(tables: JournalTables, events: readonly NewEvent[]): Plan {
  const accepted: NewEvent[] = [];
  const claims = new Map<string, Claim>();
  const refused: RefusedDuplicate[] = [];
  for (const event of events) {
    const existing = claimedBefore(tables, claims, event);
    if (existing !== undefined) {
      refused.push({ sequence: event.sequence, existing });
      continue;
    }
    accepted.push(event);
    for (const { hash, fingerprint } of event.dedupe) {
      claims.set(keyName(event.tenant, hash), { event, fingerprint });
    }
  }
  return { accepted, claims, refused };
}

/** The event, stored or earlier in the batch, that has one of this event's keys. */
function claimedBefore(
  tables: JournalTables,
  claims: ReadonlyMap<string, Claim>,
  event: NewEvent,
): ExistingEvent | undefined {
  for (const { hash } of event.dedupe) {
    const name = keyName(event.tenant, hash);
    const claim = claims.get(name);
    if (claim !== undefined) return existingEvent(claim.event, claim.fingerprint);
    const held = tables.keys.get(name);
    if (held === undefined) continue;
    const holder = tables.event(held.sequence);
    const existing = holder ? existingEvent(holder, held.fingerprint) : held.former;
    if (existing !== undefined) return existing;
  }
  return undefined;
}

function refuseTakenSequences(tables: JournalTables, events: readonly NewEvent[]): void {
  const seen = new Set<number>();
  for (const { sequence } of events) {
    if (seen.has(sequence) || tables.event(sequence) !== undefined) {
      throw new StorageError(
        'broken',
        `sequence ${sequence} is taken; somebody else writes this journal.`,
      );
    }
    seen.add(sequence);
  }
}

/** A copy without what only matters on the way in; callers may reuse their buffers. */
function ownEvent(event: NewEvent): EventRecord {
  const { dedupe: _dedupe, parked: _parked, ...record } = event;
  return { ...record, body: event.body.slice(), matched: [...event.matched] };
}

function ownAttempt(attempt: AttemptRecord): AttemptRecord {
  return { ...attempt, responseBody: attempt.responseBody?.slice() ?? null };
}
