/**
 * A journal seen with the small sequences that the contract suite counts with: 1, 2, 3 … Each
 * stands for one that the store's own slot might really give out, 128 of them every 40 seconds
 * beginning just before midnight, so that the suite crosses from one day's partitions to the next.
 */
import type { InboundRecord } from '../../inbound.ts';
import type {
  AttemptRecord,
  DeliveryPosition,
  DeliveryQuery,
  DeliveryRecord,
  DuePosition,
  EventQuery,
  JournalBatch,
  JournalStore,
  NewEvent,
  Page,
} from '../../journal.ts';
import {
  firstSequenceAt,
  instantOf,
  SEQUENCES_PER_MS,
  SEQUENCES_PER_SLOT,
} from '../sequence-layout.ts';

const STEP_MS = 40_000;
const STEPS_BEFORE_MIDNIGHT = 5;
const DAY_MS = 86_400_000;

interface Numbered {
  readonly sequence: number;
}

export class DenseJournal implements JournalStore {
  readonly #inner: JournalStore;
  readonly #slot: number;
  readonly #start: number;

  constructor(inner: JournalStore, slot: number) {
    this.#inner = inner;
    this.#slot = slot;
    this.#start = Math.floor(Date.now() / DAY_MS) * DAY_MS - STEPS_BEFORE_MIDNIGHT * STEP_MS;
  }

  async state() {
    const { lastSequence, lowWaterMark } = await this.#inner.state();
    return { lastSequence: this.small(lastSequence), lowWaterMark: this.small(lowWaterMark) };
  }

  async commit(batch: JournalBatch) {
    const { events, attempts, deliveries, inbound, lowWaterMark } = batch;
    const refused = await this.#inner.commit({
      events: events.map((event): NewEvent => ({
        ...this.in(event),
        parked: event.parked.map((row) => this.in(row)),
      })),
      attempts: attempts.map((attempt): AttemptRecord => this.in(attempt)),
      deliveries: deliveries.map((row): DeliveryRecord => this.in(row)),
      inbound: inbound.map((record): InboundRecord => ({
        ...this.in(record),
        eventSequence: record.eventSequence === null ? null : this.large(record.eventSequence),
      })),
      lowWaterMark: lowWaterMark === null ? null : this.large(lowWaterMark),
    });
    return refused.map((refusal) => ({
      sequence: this.small(refusal.sequence),
      existing: this.out(refusal.existing),
    }));
  }

  async unsettled(after: number, upTo: number, limit: number) {
    const { pending, scannedTo } = await this.#inner.unsettled(
      this.large(after),
      this.large(upTo),
      limit,
    );
    return { pending: pending.map((row) => this.out(row)), scannedTo: this.small(scannedTo) };
  }

  async due(after: DuePosition, until: number, limit: number) {
    const rows = await this.#inner.due(this.in(after), until, limit);
    return rows.map((row) => this.out(row));
  }

  nextDueAt(after: DuePosition) {
    return this.#inner.nextDueAt(this.in(after));
  }

  async unfinished(subscription: number, after: number, limit: number) {
    const rows = await this.#inner.unfinished(subscription, this.large(after), limit);
    return rows.map((row) => this.out(row));
  }

  async contents(sequences: readonly number[]) {
    const found = await this.#inner.contents(sequences.map((sequence) => this.large(sequence)));
    return found.map((content) => this.out(content));
  }

  async event(tenant: number, sequence: number) {
    const found = await this.#inner.event(tenant, this.large(sequence));
    return found && this.out(found);
  }

  async sequenceOfKey(tenant: number, hash: Uint8Array) {
    const found = await this.#inner.sequenceOfKey(tenant, hash);
    return found === undefined ? undefined : this.small(found);
  }

  async listEvents(tenant: number, { before, ...rest }: EventQuery) {
    const bound = before === undefined ? undefined : this.large(before);
    const page = await this.#inner.listEvents(tenant, { ...rest, before: bound });
    return {
      items: page.items.map((event) => this.out(event)),
      next: page.next === undefined ? undefined : this.small(page.next),
    };
  }

  async deliveriesOf(tenant: number, sequence: number) {
    const views = await this.#inner.deliveriesOf(tenant, this.large(sequence));
    return views.map((view) => this.out(view));
  }

  async delivery(tenant: number, sequence: number, subscription: number) {
    const found = await this.#inner.delivery(tenant, this.large(sequence), subscription);
    return found && this.out(found);
  }

  async listDeliveries(tenant: number, { before, ...rest }: DeliveryQuery) {
    const bound = before && this.in(before);
    const page = await this.#inner.listDeliveries(tenant, { ...rest, before: bound });
    return {
      items: page.items.map((view) => this.out(view)),
      next: page.next && this.out(page.next),
    } satisfies Page<unknown, DeliveryPosition>;
  }

  async attempts(sequence: number, subscription: number) {
    const found = await this.#inner.attempts(this.large(sequence), subscription);
    return found.map((attempt) => this.out(attempt));
  }

  releaseHeld(subscription: number, now: number, limit: number) {
    return this.#inner.releaseHeld(subscription, now, limit);
  }

  large(sequence: number): number {
    const steps = Math.floor(sequence / SEQUENCES_PER_SLOT);
    const ofSlot = this.#slot * SEQUENCES_PER_SLOT + (sequence % SEQUENCES_PER_SLOT);
    return firstSequenceAt(this.#start + steps * STEP_MS) + ofSlot;
  }

  small(sequence: number): number {
    if (sequence === 0) return 0;
    const steps = (instantOf(sequence) - this.#start) / STEP_MS;
    const counter = (sequence % SEQUENCES_PER_MS) - this.#slot * SEQUENCES_PER_SLOT;
    return steps * SEQUENCES_PER_SLOT + counter;
  }

  in<Record extends Numbered>(record: Record): Record {
    return { ...record, sequence: this.large(record.sequence) };
  }

  out<Record extends Numbered>(record: Record): Record {
    return { ...record, sequence: this.small(record.sequence) };
  }
}
