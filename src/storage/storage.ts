/** The storage port: `memory/`, `sqlite/` and `postgres/`. `contract/` says what all must do. */
import type { ClusterNode } from './cluster.ts';
import type { ControlStore } from './control.ts';
import type { InboundStore } from './inbound.ts';
import type { InboxStore } from './inbox.ts';
import type { JournalStore } from './journal.ts';
import type { PollStateStore } from './poll-state.ts';
import type { SequenceSource } from './sequences.ts';
import type { ReplayStore } from './replays.ts';
import type { RetentionStore } from './retention.ts';
import type { TenantData } from './tenant-data.ts';

export interface Storage {
  readonly journal: JournalStore;
  readonly control: ControlStore;
  /** Where several processes may open the same data; undefined where this one is alone. */
  readonly cluster?: ClusterNode | undefined;
  /** For the events that this process stores; nobody else may give out sequences for it. */
  readonly sequences: SequenceSource;
  readonly replays: ReplayStore;
  readonly inbound: InboundStore;
  readonly pollStates: PollStateStore;
  readonly inboxes: InboxStore;
  readonly tenantData: TenantData;
  readonly retention: RetentionStore;
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

/** Whether the store that failed like this may take the same thing later. */
export function mayWorkAgain(error: unknown): boolean {
  return error instanceof StorageError && (error.failure === 'full' || error.failure === 'busy');
}
