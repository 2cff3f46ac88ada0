/**
 * Tells whoever keeps rows of the control plane in memory which of them were written, by this node
 * or another one. Without a cluster nobody writes but ourselves, and nothing is ever told.
 */
import type { ControlChange } from './cluster.ts';

/** Reads the rows anew; those that are as known cost nothing more. Keys may come repeatedly. */
export type Reload = (keys: readonly string[]) => Promise<void>;

export class ControlChanges {
  readonly #reloads = new Map<string, Reload[]>();

  /** @param table as the store calls it, such as `subscription`. */
  on(table: string, reload: Reload): void {
    const reloads = this.#reloads.get(table);
    if (reloads === undefined) this.#reloads.set(table, [reload]);
    else reloads.push(reload);
  }

  /** @throws what the first reload that failed threw, after all have run. */
  async tell(changes: readonly ControlChange[]): Promise<void> {
    const keysByTable = new Map<string, Set<string>>();
    for (const { table, key } of changes) {
      const keys = keysByTable.get(table);
      if (keys === undefined) keysByTable.set(table, new Set([key]));
      else keys.add(key);
    }
    const runs = [...keysByTable].flatMap(([table, keys]) =>
      (this.#reloads.get(table) ?? []).map((reload) => reload([...keys])),
    );
    const results = await Promise.allSettled(runs);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
