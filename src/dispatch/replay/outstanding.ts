/** Deliveries that replays have set on their way and that have not been attempted since. */
import type { DeliveryPosition, JournalBatch } from '../../storage/journal.ts';
import { outcomeOf, type ReplayOutcome } from './decision.ts';

export interface OutstandingDelivery extends DeliveryPosition {
  /** These are the event's. */
  readonly createdAt: number;
  readonly orderingKey: string | null;
}

/** Told what becomes of its deliveries. */
export interface Owner {
  readonly number: number;
  ended(outcome: ReplayOutcome): void;
  /** The room it may fill has changed. */
  moved(): void;
}

interface Entry {
  readonly owner: Owner;
  readonly delivery: OutstandingDelivery;
  /** Its subscription is paused or disabled: it waits for a person, not for its turn. */
  held: boolean;
}

/** Of all replays of the node: a delivery is on its way for one of them at most. */
export class Outstanding {
  readonly #entries = new Map<string, Entry>();
  readonly #sizes = new Map<Owner, { all: number; held: number }>();

  get size(): number {
    return this.#entries.size;
  }

  add(owner: Owner, delivery: OutstandingDelivery, held = false): void {
    const key = keyOf(delivery);
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(key, known);
    this.#entries.set(key, { owner, delivery, held });
    this.#count(owner, 1, held ? 1 : 0);
  }

  /** Deliveries of one replay: all, and those that are held. */
  sizeOf(owner: Owner): { readonly all: number; readonly held: number } {
    return this.#sizes.get(owner) ?? { all: 0, held: 0 };
  }

  of(owner: Owner): OutstandingDelivery[] {
    const found: OutstandingDelivery[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.owner === owner) found.push(entry.delivery);
    }
    return found;
  }

  /** It does not want to hear of them any more. */
  forget(owner: Owner): void {
    for (const [key, entry] of this.#entries) {
      if (entry.owner === owner) this.#remove(key, entry);
    }
  }

  /** What the store says of one; no news when it is not outstanding any more. */
  learn(row: Parameters<typeof outcomeOf>[0] & DeliveryPosition): void {
    const key = keyOf(row);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const { owner } = entry;
    const outcome = outcomeOf(row, owner.number);
    if (outcome !== undefined) {
      this.#remove(key, entry);
      owner.ended(outcome);
    } else if (entry.held !== (row.status === 'held')) {
      entry.held = !entry.held;
      this.#count(owner, 0, entry.held ? 1 : -1);
      owner.moved();
    }
  }

  /** A batch has become durable. Costs nothing while nothing is outstanding. */
  committed({ deliveries }: JournalBatch): void {
    if (this.#entries.size === 0) return;
    for (const row of deliveries) this.learn(row);
  }

  #remove(key: string, { owner, held }: Entry): void {
    this.#entries.delete(key);
    this.#count(owner, -1, held ? -1 : 0);
  }

  #count(owner: Owner, all: number, held: number): void {
    const sizes = this.#sizes.get(owner) ?? { all: 0, held: 0 };
    sizes.all += all;
    sizes.held += held;
    if (sizes.all === 0) this.#sizes.delete(owner);
    else this.#sizes.set(owner, sizes);
  }
}

function keyOf({ sequence, subscription }: DeliveryPosition): string {
  return `${sequence}:${subscription}`;
}
