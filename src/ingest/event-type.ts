/** What an inbound event is called: most providers say the same few words again and again. */
import { LruMap } from '../domain/lru.ts';
import { inboundEventType } from '../protocol/inbound/event-type.ts';

/** More than any provider has; a sender that makes types up can't fill memory with them. */
const REMEMBERED_TYPES = 5_000;

/** One for a provider; it remembers what it has spelled. */
export class EventTypeNames {
  readonly #provider: string;
  readonly #known = new LruMap<string>(REMEMBERED_TYPES);
  readonly #unnamed: string;

  constructor(provider: string) {
    this.#provider = provider;
    this.#unnamed = inboundEventType(provider, undefined);
  }

  /** @param own the provider's word for it; undefined where it has none. */
  nameOf(own: string | undefined): string {
    if (own === undefined || own === '') return this.#unnamed;
    const known = this.#known.get(own);
    if (known !== undefined) return known;
    const name = inboundEventType(this.#provider, own);
    this.#known.set(own, name);
    return name;
  }
}
