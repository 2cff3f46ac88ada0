/**
 * The cluster's part of the storage port: several processes over one store. Only a store that many
 * processes may open has it (`postgres/`); memory and SQLite leave it out, and an engine without it
 * is alone.
 *
 * Each process is a *node* and holds a numbered *slot* under a lease. What a node accepts, and
 * every delivery row it writes, belongs to its slot, and only the holder of a slot decides about
 * what belongs to it. When a node dies, its lease ends and another node *adopts* the slot, works
 * off what was left, and gives the slot back. `postgres/nodes/README.md` says why two nodes never
 * write for the same slot.
 */
import type { DeliveryState } from '../domain/delivery-state.ts';
import type { DeliveryView, UnsettledDelivery } from './journal.ts';

export interface ClusterNode {
  /** The slot that this process was given when it opened the store. */
  readonly slot: number;
  /**
   * False once the lease ran out by the clock of this process, until a heartbeat renews it. While
   * it is false nothing may be attempted: somebody else may be at it. Cheap: asked before every
   * round of attempts.
   */
  readonly holdsLease: boolean;
  /** Own and adopted slots. */
  slots(): readonly number[];
  /**
   * The slots of all nodes, as the last heartbeat saw them; empty before the first. That one was at
   * most a lease ago while `holdsLease` is true.
   */
  heldSlots(): readonly number[];
  /** From now on the listener is told. Before it, the node only keeps its lease. */
  start(listener: ClusterListener): Promise<void>;
  /**
   * Carries out a wish for one delivery where it may be decided: here when its slot is held here
   * or by nobody, else at its owner.
   * @throws OwnerUnreachableError when the owner gave no answer in time.
   * @throws StorageError when the store can't be asked.
   */
  decide(wish: DeliveryWish): Promise<WishAnswer>;
  /** No more calls of the listener; those under way have ended. The lease stays until `close`. */
  stop(): Promise<void>;
}

export interface ClusterListener {
  /** Slots of other nodes are ours now, with what they left. */
  adopted(leftovers: Leftovers): void;
  /**
   * Rows of the control plane were written, by this node or another one. Rejecting makes the same
   * changes come again. Told before `adopted` and `wished` of whatever happened after them.
   */
  changed(changes: readonly ControlChange[]): Promise<void>;
  /** Somebody wishes something of a delivery that this node decides about. */
  wished(wish: DeliveryWish): Promise<WishAnswer>;
  /** A heartbeat succeeded after `holdsLease` was false. */
  resumed(): void;
  /** Everything of the own slot at or below it is decided; stored with every heartbeat. */
  lowWaterMark(): number;
  /** The slot belongs to somebody else: this process must end, nothing it writes is taken. */
  leaseLost(error: Error): void;
  onError(error: unknown): void;
}

/** A row of the control plane that was written. */
export interface ControlChange {
  /** The table as the store calls it: `subscription`, `api_key`, `tenant` … */
  readonly table: string;
  /** What the row is known by: mostly its number. */
  readonly key: string;
}

/** What the last holder of an adopted slot left undone. */
export interface Leftovers {
  readonly slot: number;
  /** Everything of the slot at or below it is decided. */
  readonly lowWaterMark: number;
  /** The slot's last event; nothing can follow before it is given back. */
  readonly lastSequence: number;
  /** Deliveries implied pending by the slot's events in (after, lastSequence], in order. */
  unsettled(
    after: number,
    limit: number,
  ): Promise<{ readonly pending: readonly UnsettledDelivery[]; readonly scannedTo: number }>;
  /**
   * Makes at most `limit` rows that wait for a try this node's own, none due before `dueAt`.
   * @returns how many; fewer than `limit` means none is left.
   */
  moveWaiting(dueAt: number, limit: number): Promise<number>;
  /**
   * Makes at most `limit` held rows this node's own.
   * @returns how many, and of which subscriptions; fewer than `limit` means none is left.
   */
  moveHeld(
    limit: number,
  ): Promise<{ readonly moved: number; readonly subscriptions: readonly number[] }>;
  /** All rows are moved and all events looked at: wishes for single ones may come now. */
  loaded(): void;
  /** Stored with the next heartbeat, so that whoever comes after us need not look below it. */
  raiseLowWaterMark(sequence: number): void;
  /** Nothing is left: gives the slot back, once no wish is under way. */
  done(): Promise<void>;
}

export interface DeliveryWish {
  readonly wanted: 'resend' | 'cancel';
  readonly sequence: number;
  readonly subscription: number;
}

export type WishAnswer =
  | { readonly kind: 'done'; readonly delivery: DecidedDelivery }
  /** Its state does not allow it, or no longer. */
  | { readonly kind: 'refused'; readonly status: DeliveryState }
  /** Its owner's store refused; whether something was changed shows when it is looked at again. */
  | { readonly kind: 'failed'; readonly why: string };

/** What has become of it. */
export type DecidedDelivery = Pick<
  DeliveryView,
  'status' | 'attempts' | 'nextAttemptAt' | 'reason'
>;

/** The node that decides about a delivery could not be asked, or did not answer. */
export class OwnerUnreachableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OwnerUnreachableError';
  }
}
