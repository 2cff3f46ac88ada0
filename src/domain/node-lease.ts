/**
 * Who may do what under a lease. A *node* is one process of several on one database; it holds a
 * numbered *slot*, and everything it accepts belongs to that slot. Pure: instants are arguments.
 *
 * Two clocks judge a lease. The database's decides when a slot is free for others; the node's own
 * decides when the node itself stops. The own one is read before the renewal is asked for, so it
 * always ends first.
 */

/** A slot as the database shows it. */
export interface SlotView {
  readonly slot: number;
  /**
   * Rises each time the slot changes hands, so that a former holder can be told from the present.
   */
  readonly epoch: number;
  /** The random id of the process that holds it, or null. */
  readonly owner: string | null;
  /** The lease has ended, by the database's clock. */
  readonly isExpired: boolean;
  /** How long its holder may stay silent, as the holder wished. */
  readonly leaseMs: number;
  /** Somebody has to look whether the last holder left work behind. */
  readonly hasLeftovers: boolean;
}

/** One reading of both clocks of a process. */
export interface Reading {
  /** Milliseconds that never go back, but may stand still while the machine sleeps. */
  readonly monotonic: number;
  /** Milliseconds since the epoch, which go on during sleep, but may jump. */
  readonly wall: number;
}

/** Time since a reading: by whichever clock says more, because too late is the dangerous side. */
export function elapsedMs(since: Reading, now: Reading): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall);
}

/**
 * Whether a node may act for its slots.
 * @param askedAt when the last renewal that succeeded was asked for.
 */
export function holdsLease(askedAt: Reading, now: Reading, leaseMs: number): boolean {
  return elapsedMs(askedAt, now) < leaseMs;
}

/** Since when a node has been in touch with the database without a break. */
export interface Touch {
  readonly since: Reading;
  /** When its last heartbeat that succeeded was asked for. */
  readonly last: Reading;
}

/** After one more heartbeat that succeeded. A silence as long as a lease is a break. */
export function touched(touch: Touch | null, askedAt: Reading, leaseMs: number): Touch {
  const goesOn = touch !== null && elapsedMs(touch.last, askedAt) < leaseMs;
  return { since: goesOn ? touch.since : askedAt, last: askedAt };
}

/** When the next heartbeat is due after one that took so long. Never negative. */
export function nextHeartbeatMs(heartbeatMs: number, tookMs: number): number {
  return Math.min(heartbeatMs, Math.max(0, heartbeatMs - tookMs));
}

/** Slots of one former holder, to be taken all together or not at all. */
export type Estate = readonly SlotView[];

/**
 * What a node may take over now.
 *
 * A dead holder's slots go together: its own slot fences every write for the adopted ones, so they
 * must not be taken while it still holds its own. And they go only to a node that has itself been
 * in touch with the database for as long as that lease lasts: after an outage of the database all
 * leases have ended, and those who live must get the time to renew theirs.
 *
 * @param inTouchMs for how long every heartbeat of this node has succeeded.
 */
export function estatesToTake(
  slots: readonly SlotView[],
  me: string,
  inTouchMs: number,
): readonly Estate[] {
  const byOwner = new Map<string, SlotView[]>();
  const estates: Estate[] = [];
  for (const view of slots) {
    if (view.owner === null) {
      // Given back by its holder, who knows that it writes no more: nothing to wait for.
      if (view.hasLeftovers) estates.push([view]);
    } else if (view.owner !== me) {
      const ofOwner = byOwner.get(view.owner);
      if (ofOwner === undefined) byOwner.set(view.owner, [view]);
      else ofOwner.push(view);
    }
  }
  for (const ofOwner of byOwner.values()) {
    const isDead = ofOwner.every((view) => view.isExpired && inTouchMs >= view.leaseMs);
    if (isDead) estates.push(ofOwner);
  }
  return estates;
}

/**
 * The slot a starting process claims as its own. One with leftovers first: a restart goes on with
 * what the process before left. Undefined when all are taken.
 */
export function slotToClaim(slots: readonly SlotView[]): SlotView | undefined {
  const free = slots.filter((view) => view.owner === null);
  return free.find((view) => view.hasLeftovers) ?? free[0];
}
