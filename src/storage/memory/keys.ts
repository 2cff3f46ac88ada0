/** Dedupe keys in memory. */
import type { EventRecord, ExistingEvent } from '../journal.ts';

interface HeldKey {
  readonly sequence: number;
  readonly fingerprint: Uint8Array;
  /** What the event was, once the key has outlived it. */
  readonly former?: ExistingEvent;
}

export class KeyTable {
  readonly #keys = new Map<string, HeldKey>();
  /** Names of the keys of an event. */
  readonly #names = new Map<number, string[]>();

  get(name: string): HeldKey | undefined {
    return this.#keys.get(name);
  }

  hold(name: string, key: HeldKey): void {
    this.#keys.set(name, key);
    const names = this.#names.get(key.sequence);
    if (names === undefined) this.#names.set(key.sequence, [name]);
    else names.push(name);
  }

  /** Those of an event that is removed go with it, or stay and say what it was. */
  leave(event: EventRecord, stay: boolean): void {
    for (const name of this.#names.get(event.sequence) ?? []) {
      const key = this.#keys.get(name);
      if (key === undefined) continue;
      const former = { ...existingEvent(event, key.fingerprint), matchedCount: 0 };
      if (stay) this.#keys.set(name, { ...key, former });
      else this.#keys.delete(name);
    }
    if (!stay) this.#names.delete(event.sequence);
  }

  /** Takes out those whose event is gone and was accepted before an instant. */
  removeKept(before: number): number {
    return this.#remove((_name, { former }) => former !== undefined && former.createdAt < before);
  }

  erase(tenant: number): number {
    return this.#remove((name) => name.startsWith(keyPrefix(tenant)));
  }

  #remove(isWanted: (name: string, key: HeldKey) => boolean): number {
    let removed = 0;
    for (const [name, key] of this.#keys) {
      if (!isWanted(name, key)) continue;
      this.#keys.delete(name);
      this.#names.delete(key.sequence);
      removed += 1;
    }
    return removed;
  }
}

/** The name of a dedupe key: unique by tenant and hash. */
export function keyName(tenant: number, hash: Uint8Array): string {
  return keyPrefix(tenant) + Buffer.from(hash).toString('hex');
}

function keyPrefix(tenant: number): string {
  return `${tenant}/`;
}

export function existingEvent(event: EventRecord, fingerprint: Uint8Array): ExistingEvent {
  const { sequence, createdAt, customId, eventType, matched } = event;
  return { sequence, createdAt, customId, eventType, matchedCount: matched.length, fingerprint };
}
