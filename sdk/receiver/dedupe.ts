/** The port to the memory of event ids that were taken before. */

/**
 * - `new`: nobody holds the id; the caller now does.
 * - `duplicate`: the event was taken before.
 * - `pending`: someone else holds the id and has not said yet whether the event was taken.
 */
export type Claim = 'new' | 'duplicate' | 'pending';

export interface Dedupe {
  /** Takes the id in one atomic step: of two callers at once, one gets `new`. */
  claim(id: string): Promise<Claim>;
  /**
   * The event is safe in the queue. A store that outlives the process should make `claim` a lease
   * of about a minute and let this make it last; else a crash between the two would lose the event,
   * because the sender's retry would be called a duplicate.
   */
  confirm?(id: string): Promise<void>;
  /** The queue refused the event: forget the id, so that the sender's retry is not dropped. */
  release(id: string): Promise<void>;
}
