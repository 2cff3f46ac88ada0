/**
 * A day, by UTC, has its own tables for events, attempts and deliveries, so that retention drops
 * files instead of deleting rows. They are made some days ahead, and at need: there is no table
 * for what fits nowhere, because newest-first reads could not be kept in order past it.
 */
import type { ClientBase } from 'pg';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { JournalBatch } from '../journal.ts';
import type { Database } from './connection.ts';
import { PARTITION_LOCK } from './locks.ts';
import { firstSequenceAt, instantOf } from './sequence-layout.ts';

const DAY_MS = 86_400_000;

/** Made ahead. A node that runs finds them in time, however slow its timer. */
const DAYS_AHEAD = 3;
const LOOK_AHEAD_EVERY_MS = 3_600_000;

export const PARTITIONED = ['event', 'attempt', 'delivery'] as const;

interface Options {
  readonly database: Database;
  readonly clock: Clock;
  /** They could not be made ahead; the next commit that needs them tries again. */
  readonly onError: (error: unknown) => void;
}

export class Partitions {
  readonly #options: Options;
  /** Days since the Unix epoch that are known to have tables. */
  readonly #days = new Set<number>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Makes those of the next days, now and for as long as the process runs. */
  async start(): Promise<void> {
    await this.#lookAhead();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Days a batch needs and that are not known to have tables; empty nearly always. */
  missing({ events, attempts, deliveries }: JournalBatch): ReadonlySet<number> {
    const missing = new Set<number>();
    const look = (sequence: number) => {
      const day = dayOf(sequence);
      if (!this.#days.has(day)) missing.add(day);
    };
    for (const event of events) {
      look(event.sequence);
      for (const row of event.parked) look(row.sequence);
    }
    for (const attempt of attempts) look(attempt.sequence);
    for (const row of deliveries) look(row.sequence);
    return missing;
  }

  /** Somebody dropped some: none counts as known until it was looked for again. */
  forget(): void {
    this.#days.clear();
  }

  /** @throws StorageError */
  async make(days: Iterable<number>): Promise<void> {
    const wanted = [...days];
    await this.#options.database.session(async (client) => {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
      const existing = await existingDays(client);
      for (const day of wanted) if (!existing.has(day)) await makeDay(client, day);
      await client.query('commit');
      for (const day of [...existing, ...wanted]) this.#days.add(day);
    });
  }

  async #lookAhead(): Promise<void> {
    const today = Math.floor(this.#options.clock.now() / DAY_MS);
    // Yesterday too: just after midnight, or by a clock that is a little ahead of the others.
    const days = Array.from({ length: DAYS_AHEAD + 2 }, (_, index) => today - 1 + index);
    if (days.some((day) => !this.#days.has(day))) await this.make(days);
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimer(LOOK_AHEAD_EVERY_MS, () => {
      this.#lookAhead()
        .catch(this.#options.onError)
        .finally(() => this.#wait());
    });
  }
}

function dayOf(sequence: number): number {
  return Math.floor(instantOf(sequence) / DAY_MS);
}

/** Days since the Unix epoch that have tables. */
export async function existingDays(client: ClientBase): Promise<Set<number>> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = 'event'::regclass`,
  );
  return new Set(rows.map(({ name }) => dayOfName(name)));
}

/** Attached rather than made in place: that does not wait for readers, nor make writers wait. */
async function makeDay(client: ClientBase, day: number): Promise<void> {
  const first = firstSequenceAt(day * DAY_MS);
  const end = firstSequenceAt((day + 1) * DAY_MS);
  for (const table of PARTITIONED) {
    const name = partitionName(table, day);
    await client.query(`
      create table ${name} (like ${table} including all);
      alter table ${table} attach partition ${name} for values from (${first}) to (${end})`);
  }
}

export function partitionName(table: (typeof PARTITIONED)[number], day: number): string {
  return `${table}_${spelled(day)}`;
}

/** `20260131` */
function spelled(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
}

/** `event_20260131` → the day. */
function dayOfName(name: string): number {
  const digits = name.slice(name.lastIndexOf('_') + 1);
  const iso = `${digits.slice(0, -4)}-${digits.slice(-4, -2)}-${digits.slice(-2)}`;
  return Date.parse(iso) / DAY_MS;
}
