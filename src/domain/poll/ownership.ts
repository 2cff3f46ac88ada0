/**
 * Which node of a cluster spends which budget. Every node computes it from the slots that are held
 * (see `storage/cluster.ts`), and all come to the same answer: the slot with the highest hash over
 * slot and budget (rendezvous hashing), so that a node that comes or goes moves few budgets.
 *
 * Two nodes may see different slots for a moment. So a node takes up a budget only after it has
 * seen it as its own for as long as a lease lasts: by then whoever had it before has seen the
 * same, or has lost touch with the database and with it the right to do anything. Pure.
 */
import { createHash } from 'node:crypto';

/** Undefined when no slot is held. */
export function ownerOf(budget: string, slots: readonly number[]): number | undefined {
  let owner: number | undefined;
  let highest = -1;
  for (const slot of slots) {
    const weight = createHash('sha256').update(`${slot} ${budget}`).digest().readUInt32BE(0);
    if (weight > highest) [owner, highest] = [slot, weight];
  }
  return owner;
}

/** What a node knows of a budget that it has seen as its own. Instants are monotonic. */
export interface Claim {
  readonly since: number;
  readonly seenAt: number;
}

/**
 * After one more look that says it is ours. Whoever has not looked for as long as a lease does not
 * know whose it was meanwhile, and begins anew.
 */
export function look(claim: Claim | undefined, now: number, leaseMs: number): Claim {
  const goesOn = claim !== undefined && now - claim.seenAt < leaseMs;
  return { since: goesOn ? claim.since : now, seenAt: now };
}

export function maySpend({ since, seenAt }: Claim, leaseMs: number): boolean {
  return seenAt - since >= leaseMs;
}
