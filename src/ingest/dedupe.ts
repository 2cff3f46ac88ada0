/** What makes a second request a repeat of the first one. */
import { valueAt } from '../domain/json-pointer.ts';
import type { SourceDedupe } from '../domain/source.ts';
import { bodyHash, identityOf } from '../protocol/inbound/identity.ts';
import type { InboundRequest } from '../protocol/inbound/request.ts';

export interface Identity {
  /** Two requests of one source with the same material are the same event; null: none is. */
  readonly material: string | null;
  /** As the provider calls the event, for people and filters. */
  readonly providerEventId: string | null;
}

interface Rules {
  /** What the owner of the source chose; null leaves it to the provider. */
  readonly chosen: SourceDedupe | null;
  /** Whether the signature covers the provider's id. */
  readonly signsEventId: boolean;
  /** Whether one body may come twice and mean two events; see the provider's entry. */
  readonly repeatsAreEvents: boolean;
}

/**
 * What the owner chose comes first; then the provider's id. An id that is not signed could be
 * changed by whoever replays the request, so the body's hash stands beside it. Without an id the
 * body alone decides.
 *
 * @param id where the provider puts it, or undefined.
 * @param data what the event's `data` will be: pointers of the owner lead into it.
 */
export function identify(
  request: InboundRequest,
  data: unknown,
  id: string | undefined,
  rules: Rules,
): Identity {
  const { chosen } = rules;
  const usual = identityOf(request, id, rules);
  if (chosen === null) return usual;
  const own = chosenValue(request, data, chosen);
  if (own !== undefined) return { ...usual, material: own };
  const isByBody = chosen.from === 'body_hash' || usual.material === null;
  return isByBody ? { ...usual, material: `body\0${bodyHash(request)}` } : usual;
}

/** Undefined where there is nothing at the place. */
function chosenValue(
  request: InboundRequest,
  data: unknown,
  chosen: SourceDedupe,
): string | undefined {
  if (chosen.from === 'body_hash') return undefined;
  if (chosen.from === 'header') {
    const found = request.headers(chosen.name);
    return found === undefined || found === '' ? undefined : `header\0${chosen.name}\0${found}`;
  }
  const found = valueAt(data, chosen.pointer);
  if (found === undefined || found === null || found === '') return undefined;
  return `path\0${chosen.pointer}\0${JSON.stringify(found)}`;
}
