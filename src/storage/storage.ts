/** The storage port. `memory/` and `sqlite/` implement it; `contract/` says what both must do. */
import type { ControlStore } from './control.ts';
import type { JournalStore } from './journal.ts';

export interface Storage {
  readonly journal: JournalStore;
  readonly control: ControlStore;
  /** Waits for the running commit, then gives the store back. Idempotent. */
  close(): Promise<void>;
}

/**
 * What a store could not do.
 * - `full`: no space; nothing was stored, the store works again once there is space.
 * - `busy`: somebody else holds it; trying again is right.
 * - `closed`: the store was closed meanwhile.
 * - `broken`: the medium failed in a way that leaves unknown what is stored (a failed fsync). The
 *   process must end: only a restart re-reads what is really there.
 */
export type StorageFailure = 'full' | 'busy' | 'closed' | 'broken';

export class StorageError extends Error {
  readonly failure: StorageFailure;
  constructor(failure: StorageFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.failure = failure;
  }
}
