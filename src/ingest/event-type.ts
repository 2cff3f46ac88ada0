/** What an inbound event is called: `<provider>.<the provider's own type>`, spelled our way. */
import { isOperationalEventType } from '../domain/event-type.ts';
import { MAX_EVENT_TYPE_CHARS, MAX_EVENT_TYPE_SEGMENTS } from '../domain/limits.ts';
import { LruMap } from '../domain/lru.ts';

const UNNAMED = 'event';

/** More than any provider has; a sender that makes types up can't fill memory with them. */
const REMEMBERED_TYPES = 5_000;

/** What is not allowed in a part of an event type. */
const FOREIGN = /[^A-Za-z0-9_-]+/g;

/** Providers part their types with these: `issues.opened`, `issues:opened`, `user/created`. */
const SEPARATORS = /[.:/]+/;

/** One for a provider; it remembers what it has spelled. */
export class EventTypeNames {
  readonly #provider: string;
  readonly #known = new LruMap<string>(REMEMBERED_TYPES);

  constructor(provider: string) {
    this.#provider = provider;
  }

  /** @param own the provider's word for it; undefined where it has none. */
  nameOf(own: string | undefined): string {
    if (own === undefined || own === '') return `${this.#provider}.${UNNAMED}`;
    const known = this.#known.get(own);
    if (known !== undefined) return known;
    const name = inboundEventType(this.#provider, own);
    this.#known.set(own, name);
    return name;
  }
}

/** Always a valid event type that is not Bellwire's own; what does not fit is replaced by `_`. */
export function inboundEventType(provider: string, own: string): string {
  const parts = own
    .split(SEPARATORS, MAX_EVENT_TYPE_SEGMENTS * 2)
    .map(segment)
    .filter(isNamed);
  const wanted = [segment(provider), ...(parts.length === 0 ? [UNNAMED] : parts)];
  const text = wanted.slice(0, MAX_EVENT_TYPE_SEGMENTS).join('.').slice(0, MAX_EVENT_TYPE_CHARS);
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return isOperationalEventType(name) ? `source.${name}`.slice(0, MAX_EVENT_TYPE_CHARS) : name;
}

function segment(text: string): string {
  return text.trim().replace(FOREIGN, '_');
}

function isNamed(text: string): boolean {
  return text !== '' && text !== '_';
}
