/**
 * Which events of a batch are duplicates. What the store holds is read first; that nobody else
 * claims a key meanwhile is for the commit to prove, which fails as a whole if somebody did.
 */
import type { ExistingEvent, JournalBatch, NewEvent, RefusedDuplicate } from '../journal.ts';
import { byteaArray, int4Array } from './arrays.ts';
import type { Accepted, Claim } from './batch-values.ts';
import type { Database } from './connection.ts';
import { matchedNumbers } from '../sql/rows.ts';

interface TakenRow {
  readonly tenant: number;
  readonly hash: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly sequence: number;
  /** Null when the event is gone and the key does not outlive it: then the key is free. */
  readonly created_at: number | null;
  readonly custom_id: string | null;
  readonly event_type: string;
  readonly matched: string;
}

const TAKEN_KEYS = {
  name: 'taken_keys',
  text: `
    select key.tenant, key.hash, key.fingerprint, key.sequence,
           coalesce(event.created_at, key.created_at) as created_at,
           coalesce(event.custom_id, key.custom_id) as custom_id,
           coalesce(event.event_type, key.event_type) as event_type,
           coalesce(event.matched, '') as matched
    from unnest($1::int4[], $2::bytea[]) as wanted (tenant, hash)
    join dedupe_key as key on key.tenant = wanted.tenant and key.hash = wanted.hash
    left join event on event.sequence = key.sequence`,
};

const FREE_KEYS = {
  name: 'free_keys',
  text: `
    delete from dedupe_key as key using unnest($1::int4[], $2::bytea[]) as stale (tenant, hash)
    where key.tenant = stale.tenant and key.hash = stale.hash
      and key.created_at is null
      and not exists (select from event where event.sequence = key.sequence)`,
};

/** Those who hold the keys that a batch asks for, by `keyName`. */
type Holders = Map<string, ExistingEvent>;

export async function splitDuplicates(
  database: Database,
  batch: JournalBatch,
): Promise<{ readonly accepted: Accepted; readonly refused: readonly RefusedDuplicate[] }> {
  const holders = await holdersOf(database, batch.events);
  const events: NewEvent[] = [];
  const refused: RefusedDuplicate[] = [];
  const claims = new Map<string, Claim>();
  for (const event of batch.events) {
    const existing = holderOfAny(holders, event);
    if (existing !== undefined) {
      refused.push({ sequence: event.sequence, existing });
      continue;
    }
    events.push(event);
    for (const { hash, fingerprint } of event.dedupe) {
      const { tenant, sequence } = event;
      const name = keyName(tenant, hash);
      holders.set(name, existingEvent(event, fingerprint));
      claims.set(name, { tenant, hash, sequence, fingerprint });
    }
  }
  const accepted = { ...batch, ...oneRowEach(batch, events), events, claims: inOrder(claims) };
  return { accepted, refused };
}

/** When no event has a key, nothing is a duplicate. */
export function acceptAll(batch: JournalBatch): Accepted {
  return { ...batch, ...oneRowEach(batch, batch.events), claims: [] };
}

/** Rows of the accepted events and of the batch, the last one of each delivery. */
function oneRowEach({ deliveries }: JournalBatch, events: readonly NewEvent[]) {
  const parked = events.flatMap((event) => event.parked);
  if (parked.length + deliveries.length < 2) return { deliveries: [...parked, ...deliveries] };
  const newest = new Map(
    [...parked, ...deliveries].map((row) => [`${row.sequence}:${row.subscription}`, row]),
  );
  return { deliveries: [...newest.values()] };
}

function holderOfAny(holders: Holders, { tenant, dedupe }: NewEvent): ExistingEvent | undefined {
  for (const { hash } of dedupe) {
    const holder = holders.get(keyName(tenant, hash));
    if (holder !== undefined) return holder;
  }
  return undefined;
}

async function holdersOf(database: Database, events: readonly NewEvent[]): Promise<Holders> {
  const wanted = events.flatMap(({ tenant, dedupe }) =>
    dedupe.map(({ hash }) => ({ tenant, hash })),
  );
  const rows = await database.write<TakenRow>(TAKEN_KEYS, keyArrays(wanted));
  const stale = rows.filter((row) => row.created_at === null);
  if (stale.length > 0) await database.write(FREE_KEYS, keyArrays(stale));
  return new Map(
    rows.flatMap(({ tenant, hash, fingerprint, created_at: createdAt, ...row }) => {
      if (createdAt === null) return [];
      const { sequence, custom_id: customId, event_type: eventType } = row;
      const matchedCount = matchedNumbers(row.matched).length;
      const existing = { sequence, createdAt, customId, eventType, matchedCount, fingerprint };
      return [[keyName(tenant, hash), existing]];
    }),
  );
}

function keyArrays(keys: readonly { tenant: number; hash: Uint8Array }[]): readonly Buffer[] {
  return [int4Array(keys.map(({ tenant }) => tenant)), byteaArray(keys.map(({ hash }) => hash))];
}

function existingEvent(event: NewEvent, fingerprint: Uint8Array): ExistingEvent {
  const { sequence, createdAt, customId, eventType, matched } = event;
  return { sequence, createdAt, customId, eventType, matchedCount: matched.length, fingerprint };
}

/** Two nodes that claim the same keys in the same order wait for each other; else they lock up. */
function inOrder(claims: ReadonlyMap<string, Claim>): readonly Claim[] {
  return [...claims.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, claim]) => claim);
}

function keyName(tenant: number, hash: Uint8Array): string {
  return `${tenant}:${Buffer.from(hash).toString('latin1')}`;
}
