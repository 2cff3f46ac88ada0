/** Messages in inboxes go with their events, by the same retention. */
import type { InboxStore } from './inbox.ts';
import type { RetentionStore } from './retention.ts';

/** In one transaction, between which commits get through. */
const CHUNK_MESSAGES = 200;

/** Takes messages out before their events, so that none is left that names nothing. */
export function withInboxes(
  retention: RetentionStore,
  inboxes: Pick<InboxStore, 'removeOld'>,
): RetentionStore {
  return {
    async removeOld(order) {
      const { tenant, createdBefore, after } = order;
      const old = { tenant, createdBefore, limit: CHUNK_MESSAGES };
      let removed = after === undefined ? CHUNK_MESSAGES : 0;
      while (removed === CHUNK_MESSAGES) removed = await inboxes.removeOld(old);
      return retention.removeOld(order);
    },
    removeOldInbound: (order) => retention.removeOldInbound(order),
  };
}
