/**
 * Who is next: tenants take turns, and within a tenant its sources do, so that neither one tenant
 * nor one slow expression makes all others wait behind it.
 */

/** What waits; each item is queued at most once. */
export interface Queued {
  readonly tenant: number;
  readonly source: string;
}

/** Turns are kept by order of insertion: who has been served goes to the end. */
export class FairQueue<Item extends Queued> {
  readonly #tenants = new Map<number, Map<string, Set<Item>>>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    let sources = this.#tenants.get(item.tenant);
    if (sources === undefined) this.#tenants.set(item.tenant, (sources = new Map()));
    let items = sources.get(item.source);
    if (items === undefined) sources.set(item.source, (items = new Set()));
    items.add(item);
    this.#length += 1;
  }

  /** The next item of a tenant that may go on, or undefined. */
  take(mayGoOn: (tenant: number) => boolean): Item | undefined {
    for (const [tenant, sources] of this.#tenants) {
      if (!mayGoOn(tenant)) continue;
      const [next] = sources;
      const [item] = next?.[1] ?? [];
      if (next === undefined || item === undefined) continue;
      const [source, items] = next;
      this.remove(item);
      // To the end of both lines, unless nothing of them is left.
      if (sources.delete(source) && items.size > 0) sources.set(source, items);
      if (this.#tenants.delete(tenant) && sources.size > 0) this.#tenants.set(tenant, sources);
      return item;
    }
    return undefined;
  }

  /** False when it is not queued. */
  remove(item: Item): boolean {
    const sources = this.#tenants.get(item.tenant);
    const items = sources?.get(item.source);
    if (sources === undefined || items?.delete(item) !== true) return false;
    this.#length -= 1;
    if (items.size === 0) sources.delete(item.source);
    if (sources.size === 0) this.#tenants.delete(item.tenant);
    return true;
  }

  /** Empties it. */
  takeAll(): Item[] {
    const all = [...this.#tenants.values()].flatMap((sources) =>
      [...sources.values()].flatMap((items) => [...items]),
    );
    this.#tenants.clear();
    this.#length = 0;
    return all;
  }
}
