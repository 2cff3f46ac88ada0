/**
 * Takes old events out of the database with all that belongs to them, a chunk at a time. Runs in
 * the writer thread between two commits, so a chunk is small: what it costs is counted in rows and
 * pages as it goes, and it ends after about 4 ms. An event with more attempts than fit into one
 * chunk goes over several; its own row goes first, so that no reader sees it without them.
 */
import type { Removal, RemovalOrder, RemovalPosition } from '../retention.ts';
import { dayOf } from '../tenant-data.ts';
import type { Connection } from './connection.ts';
import { matchedNumbers } from '../sql/rows.ts';

/** Rows and pages that one chunk takes out. */
const CHUNK_COST = 200;
/** Events that one chunk looks at; those it leaves cost less than those it takes. */
const CHUNK_EVENTS = 500;
const PAGE_BYTES = 4_096;

/** An event's row costs itself and its place in an index. */
const EVENT_COST = 2;

const START: RemovalPosition = { eventType: '', sequence: 0 };

/** Above every sequence. */
const END = Number.MAX_SAFE_INTEGER;

interface Head {
  readonly tenant: number;
  readonly createdAt: number;
  readonly bytes: number;
  readonly matched: string;
  /** A delivery of it waits for a try. */
  readonly isWaiting: boolean;
  /** It came in through a source. */
  readonly isInbound: boolean;
}

interface Taken {
  readonly tenant: number;
  readonly day: number;
  events: number;
  bytes: number;
}

/** What a chunk has done so far. */
class Chunk {
  /** What was taken of each tenant and day, by both of them. */
  readonly usage = new Map<string, Taken>();
  highest = 0;
  /** Keys of events of a source from this instant on outlive them. */
  readonly keysKeptSince: number;
  #cost = 0;

  constructor(keysKeptSince = Infinity) {
    this.keysKeptSince = keysKeptSince;
  }

  get isFull(): boolean {
    return this.#cost >= CHUNK_COST;
  }

  count(tenant: number, day: number, bytes: number): void {
    const key = `${tenant}/${day}`;
    const taken = this.usage.get(key);
    if (taken === undefined) this.usage.set(key, { tenant, day, events: 1, bytes });
    else {
      taken.events += 1;
      taken.bytes += bytes;
    }
  }

  spend(cost: number, bytes = 0): void {
    this.#cost += cost + Math.floor(bytes / PAGE_BYTES);
  }
}

export class Remover {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(connection: Connection) {
    this.#statements = prepare(connection);
  }

  /** Inside a transaction that the caller opened. */
  remove({ tenant, createdBefore, after = START, keysKeptSince }: RemovalOrder): Removal {
    const chunk = new Chunk(keysKeptSince);
    const lowWaterMark = Number(this.#statements.lowWaterMark.get()?.['low_water_mark'] ?? 0);
    let { eventType, sequence } = after;
    if (after.unfinished !== undefined && !this.#takeRest(after.unfinished, chunk)) {
      return this.#finish(chunk, after);
    }
    for (let looked = 0; looked < CHUNK_EVENTS && !chunk.isFull; looked += 1) {
      const found = this.#findAfter(tenant, { eventType, sequence });
      if (found === undefined) return this.#finish(chunk, undefined);
      ({ eventType, sequence } = found);
      const head = this.#head(sequence);
      if (head !== undefined && head.createdAt >= createdBefore) {
        // Events lie in order of time: those of a tenant within their type, all of them as a whole.
        if (tenant === null) return this.#finish(chunk, undefined);
        sequence = END;
      } else if (head === undefined || !this.#isOpen(sequence, head, lowWaterMark)) {
        if (head !== undefined) this.#takeEvent(sequence, head, chunk);
        const isWhole = this.#takeRest(sequence, chunk);
        if (!isWhole) return this.#finish(chunk, { eventType, sequence, unfinished: sequence });
      }
    }
    return this.#finish(chunk, { eventType, sequence });
  }

  #finish(chunk: Chunk, next: RemovalPosition | undefined): Removal {
    const { usage, emptyUsage, remember } = this.#statements;
    let events = 0;
    let bytes = 0;
    for (const taken of chunk.usage.values()) {
      usage.run(taken.events, taken.bytes, taken.tenant, taken.day);
      emptyUsage.run(taken.tenant, taken.day);
      events += taken.events;
      bytes += taken.bytes;
    }
    if (chunk.highest > 0) remember.run(chunk.highest);
    return { events, bytes, next };
  }

  /**
   * The next sequence that has an event or leftovers of one; of a tenant only what has an event.
   * Each step is a look into an index.
   */
  #findAfter(tenant: number | null, after: RemovalPosition): RemovalPosition | undefined {
    const { sequence, eventType } = after;
    if (tenant === null) {
      const row = this.#statements.next.get(sequence, sequence, sequence);
      const found = row?.['sequence'];
      return found === null || found === undefined
        ? undefined
        : { eventType: '', sequence: Number(found) };
    }
    const row = this.#statements.nextOfTenant.get(tenant, eventType, sequence);
    return row && { eventType: String(row['event_type']), sequence: Number(row['sequence']) };
  }

  #head(sequence: number): Head | undefined {
    const row = this.#statements.head.get(sequence);
    return (
      row && {
        tenant: Number(row['tenant']),
        createdAt: Number(row['created_at']),
        bytes: Number(row['bytes']),
        matched: String(row['matched']),
        isWaiting: row['is_waiting'] === 1,
        isInbound: row['source'] !== null,
      }
    );
  }

  /** Whether something is still to be tried: by a row, or implied by the event alone. */
  #isOpen(sequence: number, { matched, isWaiting }: Head, lowWaterMark: number): boolean {
    if (isWaiting) return true;
    if (sequence <= lowWaterMark) return false;
    const settled = new Set(
      this.#statements.settled.all(sequence, sequence).map((row) => Number(row['subscription'])),
    );
    return matchedNumbers(matched).some((subscription) => !settled.has(subscription));
  }

  #takeEvent(sequence: number, head: Head, chunk: Chunk): void {
    const { tenant, createdAt, bytes } = head;
    const { event, keys, keepKeys } = this.#statements;
    const outlive = head.isInbound && createdAt >= chunk.keysKeptSince;
    const claimed = Number((outlive ? keepKeys : keys).run(sequence).changes);
    event.run(sequence);
    chunk.count(tenant, dayOf(createdAt), bytes);
    chunk.highest = Math.max(chunk.highest, sequence);
    chunk.spend(EVENT_COST + claimed, bytes);
  }

  /** Attempts and deliveries. @returns false when the chunk is full before all of them are gone. */
  #takeRest(sequence: number, chunk: Chunk): boolean {
    const { attempts, attempt, deliveries, delivery } = this.#statements;
    const tried = attempts.all(sequence, CHUNK_COST);
    for (const { subscription = null, number = null, bytes } of tried) {
      if (chunk.isFull) return false;
      attempt.run(sequence, subscription, number);
      chunk.spend(1, Number(bytes));
    }
    const owed = tried.length < CHUNK_COST ? deliveries.all(sequence, CHUNK_COST) : [];
    for (const { subscription = null } of owed) {
      if (chunk.isFull) return false;
      delivery.run(sequence, subscription);
      chunk.spend(1);
    }
    return tried.length < CHUNK_COST && owed.length < CHUNK_COST;
  }
}

function prepare(connection: Connection) {
  return {
    lowWaterMark: connection.prepare('select low_water_mark from journal_state'),
    next: connection.prepare(`
      select min(sequence) as sequence from (
        select min(sequence) as sequence from event where sequence > ?
        union all select min(sequence) from attempt where sequence > ?
        union all select min(sequence) from delivery where sequence > ?)`),
    nextOfTenant: connection.prepare(`
      select event_type, sequence from event
      where tenant = ? and (event_type, sequence) > (?, ?)
      order by event_type, sequence limit 1`),
    head: connection.prepare(`
      select tenant, created_at, matched, source,
             length(body) + coalesce(octet_length(metadata), 0) as bytes,
             exists (
               select 1 from delivery
               where delivery.sequence = event.sequence and next_attempt_at is not null
             ) as is_waiting
      from event where sequence = ?`),
    settled: connection.prepare(`
      select subscription from attempt where sequence = ?
      union select subscription from delivery where sequence = ?`),
    event: connection.prepare('delete from event where sequence = ?'),
    keys: connection.prepare('delete from dedupe_key where sequence = ?'),
    keepKeys: connection.prepare(`
      update dedupe_key set (created_at, event_type, custom_id) = (
        select created_at, event_type, custom_id from event
        where event.sequence = dedupe_key.sequence)
      where sequence = ?`),
    attempts: connection.prepare(`
      select subscription, number, coalesce(length(response_body), 0) as bytes
      from attempt where sequence = ? limit ?`),
    attempt: connection.prepare(
      'delete from attempt where sequence = ? and subscription = ? and number = ?',
    ),
    deliveries: connection.prepare('select subscription from delivery where sequence = ? limit ?'),
    delivery: connection.prepare('delete from delivery where sequence = ? and subscription = ?'),
    usage: connection.prepare(`
      update tenant_usage set events = events - ?, bytes = bytes - ? where tenant = ? and day = ?`),
    emptyUsage: connection.prepare(
      'delete from tenant_usage where tenant = ? and day = ? and events <= 0',
    ),
    remember: connection.prepare(
      'update journal_state set highest_erased = max(highest_erased, ?) where id = 1',
    ),
  };
}
