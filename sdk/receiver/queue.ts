/** The port to what stands between the answer to the sender and the handlers. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';

/** Tries the handlers of one event; handlers that succeeded are not run again by the next try. */
export type Run = () => Promise<void>;

/** What a queue that hands events back in this process needs to know. */
export interface Consumer {
  begin(event: WebhookEvent): Run;
  /** The queue has stopped trying. Called instead of losing the event silently. */
  giveUp(event: WebhookEvent, error: unknown): void;
}

export interface Queue {
  /**
   * Resolves once the event is as safe as the queue makes it: the sender is told 200 right after.
   * Rejects when the event can't be taken: the sender is told 503 and tries again later.
   */
  push(event: WebhookEvent): Promise<void>;
  /**
   * Called once, before the first `push`, by the receiver that owns the queue. A queue whose events
   * come out elsewhere leaves it out; the consumer there calls `receiver.process(event)`.
   */
  consume?(consumer: Consumer): void;
  /** Resolves when nothing taken here is waiting or running. */
  drain?(): Promise<void>;
}
