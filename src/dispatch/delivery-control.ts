/** What people and the API may ask of the dispatcher. */
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

export interface DeliveryControl {
  /** One more try at once, whatever the state but `sending`. Resolves once durable. */
  resend(delivery: DeliveryView): Promise<DeliveryView>;
  /** Ends a delivery that is not final. An attempt in flight is still recorded. */
  cancel(delivery: DeliveryView): Promise<DeliveryView>;
  /** Puts the held deliveries of a subscription that is active again back on their way. */
  release(subscription: number): Promise<void>;
  /** True while an attempt of it is in flight. */
  isSending(sequence: number, subscription: number): boolean;
  /** The lane of a subscription, or undefined when nothing is queued or in flight. */
  lane(subscription: number): LaneStatus | undefined;
}
