/** The budgets of a node that is one of several; `domain/poll/ownership.ts` says why it is safe. */
import { look, maySpend, ownerOf, type Claim } from '../domain/poll/ownership.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ClusterNode } from '../storage/cluster.ts';
import type { PollOwnership } from './ports.ts';

interface Options {
  readonly node: Pick<ClusterNode, 'holdsLease' | 'slots' | 'heldSlots'>;
  readonly clock: Clock;
  readonly leaseMs: number;
}

export function clusterOwnership({ node, clock, leaseMs }: Options): PollOwnership {
  const claims = new Map<string, Claim>();
  return {
    owns(budget) {
      const now = clock.monotonic();
      const owner = ownerOf(budget, node.heldSlots());
      const isMine = node.holdsLease && owner !== undefined && node.slots().includes(owner);
      if (!isMine) {
        claims.delete(budget);
        return false;
      }
      const claim = look(claims.get(budget), now, leaseMs);
      claims.set(budget, claim);
      return maySpend(claim, leaseMs);
    },
  };
}
