/** What people and the API may ask of the dispatcher. */
import type { DeliveryState } from '../domain/delivery-state.ts';
import type { DeliveryView } from '../storage/journal.ts';

export interface LaneStatus {
  /** Deliveries waiting in memory for a slot. */
  readonly queued: number;
  readonly inFlight: number;
  /** Attempts the target may have in flight at present. */
  readonly window: number;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** When the open breaker lets one probe through, or null. Milliseconds. */
  readonly probeAt: number | null;
}

/** The delivery is in another state than its caller saw, and may not become that any more. */
export class DeliveryStateError extends Error {
  readonly status: DeliveryState;
  readonly wanted: 'resent' | 'cancelled';
  constructor(status: DeliveryState, wanted: 'resent' | 'cancelled') {
    super(`a delivery that is ${status} can't be ${wanted}`);
    this.name = 'DeliveryStateError';
    this.status = status;
    this.wanted = wanted;
  }
}

export interface DeliveryControl {
  /**
   * One more try at once. Resolves once durable.
   * @throws DeliveryStateError when it is `sending` or `pending`, that is on its way anyway.
   */
  resend(delivery: DeliveryView): Promise<DeliveryView>;
  /**
   * Ends a delivery. An attempt in flight is still recorded. Resolves once durable.
   * @throws DeliveryStateError when it is final.
   */
  cancel(delivery: DeliveryView): Promise<DeliveryView>;
  /**
   * Puts the held deliveries of a subscription that is active again back on their way.
   * @throws StorageError when the store refused; it is asked again until it does not.
   */
  release(subscription: number): Promise<void>;
  /** True while an attempt of it is in flight. */
  isSending(sequence: number, subscription: number): boolean;
  /** The event of the same ordering key that this delivery waits for, by sequence, if it does. */
  waitsFor(delivery: DeliveryView): number | undefined;
  /** The lane of a subscription, or undefined when nothing is queued or in flight. */
  lane(subscription: number): LaneStatus | undefined;
}
