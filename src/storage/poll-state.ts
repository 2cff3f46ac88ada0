/** What poll sources remember of the resources they look at. A part of the storage port. */

export interface PollStateRow {
  readonly tenant: number;
  /** Number of the source. */
  readonly source: number;
  /** Which of the source's resources, in at most 256 characters. */
  readonly resource: string;
  /** JSON text. */
  readonly state: string;
  readonly updatedAt: number;
}

export interface PollStateStore {
  /** All rows of a source. */
  load(source: number): Promise<readonly PollStateRow[]>;
  /** Adds or replaces by (source, resource), all or none. Durable once it resolves. */
  save(rows: readonly PollStateRow[]): Promise<void>;
  /** Forgets all of a source. */
  remove(source: number): Promise<void>;
}
