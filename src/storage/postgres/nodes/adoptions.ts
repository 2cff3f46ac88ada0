/** The adopted slots of this node, from the takeover until they are given back. */
import type { ClusterListener, WishAnswer } from '../../cluster.ts';
import type { Database } from '../connection.ts';
import { openLeftovers } from './leftovers.ts';
import type { Lease } from './lease.ts';
import type { HeldSlot } from './slot-table.ts';

interface Adopted {
  readonly held: HeldSlot;
  /** Its rows are ours and its events were looked at. */
  readonly loaded: PromiseWithResolvers<void>;
  readonly returned: PromiseWithResolvers<void>;
  /** Wishes under way for deliveries of the slot. */
  wishes: number;
  isAnnounced: boolean;
  /** Nothing is left of it but those wishes. */
  isDone: boolean;
}

export class Adoptions {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #bySlot = new Map<number, Adopted>();
  readonly #stopped = Promise.withResolvers<void>();

  constructor(database: Database, lease: Lease) {
    this.#database = database;
    this.#lease = lease;
  }

  add(held: HeldSlot): void {
    const adopted: Adopted = {
      held,
      loaded: Promise.withResolvers(),
      returned: Promise.withResolvers(),
      wishes: 0,
      isAnnounced: false,
      isDone: false,
    };
    this.#bySlot.set(held.slot, adopted);
  }

  /** Those the listener may be told of once it knows all that was written before the takeover. */
  unannounced(): readonly Adopted[] {
    return [...this.#bySlot.values()].filter((adopted) => !adopted.isAnnounced);
  }

  /** @throws StorageError; then it is still to be announced. */
  async announce(adopted: Adopted, listener: ClusterListener): Promise<void> {
    listener.adopted(await this.#leftovers(adopted));
    adopted.isAnnounced = true;
  }

  /** Nothing is loaded any more: whoever waits for it must ask again elsewhere. */
  stop(): void {
    this.#stopped.resolve();
  }

  /**
   * Grants a wish for a delivery of an adopted slot, once nothing of it is on its way into memory.
   * @returns undefined when the slot is not, or no longer, adopted here: look for its holder again.
   */
  async grant(
    slot: number,
    wished: () => Promise<WishAnswer | undefined>,
  ): Promise<WishAnswer | undefined> {
    const adopted = this.#bySlot.get(slot);
    if (adopted === undefined) return undefined;
    if (adopted.isDone) {
      await Promise.race([adopted.returned.promise, this.#stopped.promise]);
      return undefined;
    }
    adopted.wishes += 1;
    try {
      await Promise.race([adopted.loaded.promise, this.#stopped.promise]);
      return await wished();
    } finally {
      adopted.wishes -= 1;
      if (adopted.isDone && adopted.wishes === 0) await this.#giveBack(adopted);
    }
  }

  #leftovers(adopted: Adopted) {
    const { held } = adopted;
    return openLeftovers({
      database: this.#database,
      own: this.#lease.own,
      adopted: held,
      raiseLowWaterMark: (sequence) => this.#lease.raiseLowWaterMark(held.slot, sequence),
      loaded: adopted.loaded.resolve,
      done: async () => {
        adopted.isDone = true;
        if (adopted.wishes === 0) await this.#giveBack(adopted);
      },
    });
  }

  async #giveBack(adopted: Adopted): Promise<void> {
    await this.#lease.giveBack(adopted.held.slot);
    this.#bySlot.delete(adopted.held.slot);
    adopted.returned.resolve();
  }
}
