/**
 * The slots that this process holds and the lease on them: claimed at the start, renewed together
 * by every heartbeat, given back at the end. One thing at a time, so that no heartbeat asks for a
 * slot that is just being given back.
 */
import {
  elapsedMs,
  estatesToTake,
  holdsLease,
  slotToClaim,
  touched,
  type Estate,
  type Reading,
  type SlotView,
  type Touch,
} from '../../../domain/node-lease.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { StorageError } from '../../storage.ts';
import { Turns } from '../../turns.ts';
import type { HeldSlot, MarkedSlot, SlotTable } from './slot-table.ts';

interface Options {
  readonly table: SlotTable;
  readonly clock: Clock;
  /** Random id of this process. */
  readonly owner: string;
  readonly leaseMs: number;
}

/** A heartbeat that succeeded. */
interface Beat {
  /** How all slots are. */
  readonly views: readonly SlotView[];
  /** The lease had run out until now, and whoever asked was told so. */
  readonly hadLapsed: boolean;
}

/** How often a start looks whether a slot has become free. */
const LOOK_AGAIN_MS = 500;

const ALL = 0;

export class Lease {
  readonly own: HeldSlot;
  readonly #options: Options;
  readonly #held = new Map<number, MarkedSlot>();
  readonly #turns = new Turns();
  #renewedAt: Reading;
  #touch: Touch | null;

  private constructor(options: Options, taken: readonly MarkedSlot[], askedAt: Reading) {
    const [own] = taken;
    if (own === undefined) throw new RangeError('a node needs a slot');
    this.#options = options;
    this.own = { slot: own.slot, epoch: own.epoch };
    for (const slot of taken) this.#held.set(slot.slot, slot);
    this.#renewedAt = askedAt;
    this.#touch = touched(null, askedAt, options.leaseMs);
  }

  /**
   * Claims a free slot; when there is none, waits for the lease of a dead process to end.
   * @throws StorageError `busy` when living processes hold them all.
   */
  static async claim(options: Options): Promise<Lease> {
    const { table, clock, owner, leaseMs } = options;
    const startedAt = read(clock);
    for (;;) {
      const askedAt = read(clock);
      const views = await table.look();
      const waitedMs = elapsedMs(startedAt, askedAt);
      const free = slotToClaim(views);
      const estate = free === undefined ? estatesToTake(views, owner, waitedMs)[0] : [free];
      const taken = estate === undefined ? [] : await table.claim(estate);
      if (taken.length > 0) return new Lease(options, taken, askedAt);
      // Somebody was faster: there may be more. Nobody has died: there is nothing to wait for.
      if (estate === undefined && waitedMs > 2 * leaseMs) throw allTaken(views.length);
      if (estate === undefined) await pause(clock, LOOK_AGAIN_MS);
    }
  }

  get owner(): string {
    return this.#options.owner;
  }

  get isHeld(): boolean {
    return holdsLease(this.#renewedAt, read(this.#options.clock), this.#options.leaseMs);
  }

  /** For how long every heartbeat has succeeded. */
  get inTouchMs(): number {
    return this.#touch === null ? 0 : elapsedMs(this.#touch.since, this.#touch.last);
  }

  slots(): readonly number[] {
    return [...this.#held.keys()];
  }

  /** Those of others. */
  adopted(): readonly HeldSlot[] {
    return [...this.#held.values()].filter(({ slot }) => slot !== this.own.slot);
  }

  holds(slot: number): boolean {
    return this.#held.has(slot);
  }

  /** Goes into the store with the next heartbeat. */
  raiseLowWaterMark(slot: number, sequence: number): void {
    const held = this.#held.get(slot);
    if (held === undefined || held.lowWaterMark >= sequence) return;
    this.#held.set(slot, { ...held, lowWaterMark: sequence });
  }

  /** @throws StorageError `broken` when a slot belongs to another now. */
  beat(): Promise<Beat> {
    return this.#turns.take(ALL, async () => {
      const { table, clock, leaseMs } = this.#options;
      const askedAt = read(clock);
      try {
        const views = await table.beat([...this.#held.values()]);
        const hadLapsed = !this.isHeld;
        this.#renewedAt = askedAt;
        this.#touch = touched(this.#touch, askedAt, leaseMs);
        return { views, hadLapsed };
      } catch (error) {
        this.#touch = null;
        throw error;
      }
    });
  }

  /** How all slots are, without renewing anything. */
  look(): Promise<readonly SlotView[]> {
    return this.#options.table.look();
  }

  /** @returns the slots, or none when somebody was faster. */
  adopt(estate: Estate): Promise<readonly HeldSlot[]> {
    return this.#turns.take(ALL, async () => {
      const taken = await this.#options.table.adopt(estate, this.own);
      for (const slot of taken) this.#held.set(slot.slot, slot);
      return taken;
    });
  }

  /** An adopted slot of which nothing is left. */
  giveBack(slot: number): Promise<void> {
    return this.#turns.take(ALL, async () => {
      const held = this.#held.get(slot);
      if (held === undefined) return;
      await this.#options.table.giveBack([held], false);
      this.#held.delete(slot);
    });
  }

  /** Gives everything back, for others to go on with at once. */
  leave(): Promise<void> {
    return this.#turns.take(ALL, () =>
      this.#options.table.giveBack([...this.#held.values()], true),
    );
  }
}

function read(clock: Clock): Reading {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
}

function allTaken(count: number): StorageError {
  return new StorageError(
    'busy',
    `all ${count} node slots of the database are held by running nodes. Stop one of them first.`,
  );
}
