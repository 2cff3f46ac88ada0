/**
 * Wishes for single deliveries in a cluster: carried out by the node that decides about them, which
 * may be another one. What concerns this node alone (its lanes, its attempts) is answered here.
 */
import {
  OwnerUnreachableError,
  type ClusterNode,
  type DeliveryWish,
  type WishAnswer,
} from '../storage/cluster.ts';
import type { DeliveryView, JournalStore } from '../storage/journal.ts';
import { StorageError } from '../storage/storage.ts';
import { DeliveryStateError, type DeliveryControl } from './delivery-control.ts';

export class OwnedDeliveries implements DeliveryControl {
  readonly #cluster: Pick<ClusterNode, 'decide'>;
  readonly #local: DeliveryControl;

  constructor(cluster: Pick<ClusterNode, 'decide'>, local: DeliveryControl) {
    this.#cluster = cluster;
    this.#local = local;
  }

  /** @throws OwnerUnreachableError when another node decides about it and does not answer. */
  resend(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#decide('resend', delivery);
  }

  /** @throws OwnerUnreachableError when another node decides about it and does not answer. */
  cancel(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#decide('cancel', delivery);
  }

  release(subscription: number): Promise<void> {
    return this.#local.release(subscription);
  }

  isSending(sequence: number, subscription: number): boolean {
    return this.#local.isSending(sequence, subscription);
  }

  waitsFor(delivery: DeliveryView): number | undefined {
    return this.#local.waitsFor(delivery);
  }

  lane(subscription: number) {
    return this.#local.lane(subscription);
  }

  async #decide(wanted: DeliveryWish['wanted'], delivery: DeliveryView): Promise<DeliveryView> {
    const { sequence, subscription } = delivery;
    const answer = await this.#cluster.decide({ wanted, sequence, subscription });
    switch (answer.kind) {
      case 'done':
        return { ...delivery, ...answer.delivery };
      case 'refused':
        throw new DeliveryStateError(answer.status, wanted === 'resend' ? 'resent' : 'cancelled');
      case 'failed':
        throw new OwnerUnreachableError(answer.why);
    }
  }
}

/** Carries out a wish that this node decides about. */
export async function grantWish(
  wish: DeliveryWish,
  local: Pick<DeliveryControl, 'resend' | 'cancel'>,
  journal: JournalStore,
): Promise<WishAnswer> {
  const { wanted, sequence, subscription } = wish;
  try {
    const [content] = await journal.contents([sequence]);
    const view = content && (await journal.delivery(content.tenant, sequence, subscription));
    if (view === undefined) return { kind: 'failed', why: 'The delivery is no longer stored.' };
    const { status, attempts, nextAttemptAt, reason } = await local[wanted](view);
    return { kind: 'done', delivery: { status, attempts, nextAttemptAt, reason } };
  } catch (error) {
    if (error instanceof DeliveryStateError) return { kind: 'refused', status: error.status };
    if (!(error instanceof StorageError)) throw error;
    return { kind: 'failed', why: 'The node that decides about it could not store the change.' };
  }
}
