/** The sources as the door sees them: in memory, found by the token of their URL. */
import { parseRecordId } from '../domain/ids.ts';
import type { Source } from '../domain/source.ts';
import { tokenHashOf } from './source-vault.ts';

/** What the door needs to know; a look-up in memory, never a read of the store. */
export interface SourceDirectory {
  /** Also one that is locked, see `Source.lockedReason`; undefined once deleted. */
  byToken(token: string): Source | undefined;
  /** Undefined once deleted. */
  byNumber(number: number): Source | undefined;
}

const NONE: ReadonlySet<number> = new Set();

export class SourceSnapshot implements SourceDirectory {
  readonly #byNumber = new Map<number, Source>();
  readonly #byToken = new Map<string, Source>();
  /** By the hash of the token, which is all that is known of theirs. */
  readonly #locked = new Map<string, number>();
  /** Ids of all, also the deleted ones: old events still name them. */
  readonly #ids = new Map<number, string>();
  readonly #byTenant = new Map<number, Set<number>>();

  byToken(token: string): Source | undefined {
    const source = this.#byToken.get(token);
    if (source !== undefined || this.#locked.size === 0) return source;
    return this.#byNumber.get(this.#locked.get(tokenHashOf(token)) ?? 0);
  }

  byNumber(number: number): Source | undefined {
    return this.#byNumber.get(number);
  }

  /** The public id of a source that exists or once existed. */
  idOf(number: number): string | undefined {
    return this.#ids.get(number);
  }

  /** By public id within a tenant; undefined for deleted ones and those of other tenants. */
  find(tenant: number, id: string): Source | undefined {
    const parsed = parseRecordId('src', id);
    const found = parsed && this.#byNumber.get(parsed.number);
    return found?.id === id && found.tenant === tenant ? found : undefined;
  }

  /** All of a tenant, oldest first. */
  list(tenant: number): readonly Source[] {
    const numbers = [...(this.#byTenant.get(tenant) ?? NONE)].toSorted((a, b) => a - b);
    return numbers.flatMap((number) => this.#byNumber.get(number) ?? []);
  }

  count(tenant: number): number {
    return this.#byTenant.get(tenant)?.size ?? 0;
  }

  /** Of all tenants. */
  all(): readonly Source[] {
    return [...this.#byNumber.values()];
  }

  /** @param tokenHash for a source that is locked: what is known of its token. */
  put(source: Source, tokenHash: string): void {
    const { number, tenant, id, token, lockedReason } = source;
    this.#forgetDoor(number);
    this.#byNumber.set(number, source);
    this.know(number, id);
    if (lockedReason === null) this.#byToken.set(token, source);
    else this.#locked.set(tokenHash, number);
    const ofTenant = this.#byTenant.get(tenant);
    if (ofTenant === undefined) this.#byTenant.set(tenant, new Set([number]));
    else ofTenant.add(number);
  }

  remove({ number, tenant }: Source): void {
    this.#forgetDoor(number);
    this.#byNumber.delete(number);
    this.#byTenant.get(tenant)?.delete(number);
  }

  #forgetDoor(number: number): void {
    const former = this.#byNumber.get(number);
    if (former === undefined) return;
    this.#byToken.delete(former.token);
    if (former.lockedReason === null) return;
    for (const [hash, locked] of this.#locked) if (locked === number) this.#locked.delete(hash);
  }

  /** That it once existed is enough to name it. */
  know(number: number, id: string): void {
    this.#ids.set(number, id);
  }
}
