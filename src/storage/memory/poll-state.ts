/** What poll sources remember, in memory. */
import type { PollStateRow, PollStateStore } from '../poll-state.ts';
import type { MemoryData } from './tables.ts';

export class MemoryPollStateStore implements PollStateStore {
  readonly #open: () => MemoryData;

  /** @param open gives the data, or throws once the store is closed. */
  constructor(open: () => MemoryData) {
    this.#open = open;
  }

  async load(source: number): Promise<readonly PollStateRow[]> {
    return [...(this.#open().pollStates.get(source)?.values() ?? [])];
  }

  async save(rows: readonly PollStateRow[]): Promise<void> {
    const { pollStates } = this.#open();
    for (const row of rows) {
      const ofSource = pollStates.get(row.source) ?? new Map<string, PollStateRow>();
      pollStates.set(row.source, ofSource.set(row.resource, { ...row }));
    }
  }

  async remove(source: number): Promise<void> {
    this.#open().pollStates.delete(source);
  }
}
