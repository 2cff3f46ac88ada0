/** What makes a second request a repeat of the first one. */
import * as crypto from 'node:crypto';
import { MAX_PROVIDER_EVENT_ID_CHARS } from '../domain/limits-ingest.ts';
import { valueAt } from '../domain/json-pointer.ts';
import type { SourceDedupe } from '../domain/source.ts';
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
  const providerEventId = id === undefined || id === '' ? null : shortened(id);
  return { material: materialOf(request, data, id, rules), providerEventId };
}

function materialOf(
  request: InboundRequest,
  data: unknown,
  id: string | undefined,
  { chosen, signsEventId, repeatsAreEvents }: Rules,
): string | null {
  const own = chosen === null ? undefined : chosenValue(request, data, chosen);
  if (own !== undefined) return own;
  const isById = id !== undefined && id !== '' && chosen?.from !== 'body_hash';
  if (!isById) {
    const isEachAnEvent = repeatsAreEvents && chosen === null;
    return isEachAnEvent ? null : `body\0${bodyHash(request)}`;
  }
  return signsEventId ? `id\0${id}` : `id\0${id}\0${bodyHash(request)}`;
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

/** Requests without a body differ, if at all, in their query. */
function bodyHash({ body, url }: InboundRequest): string {
  return sha256(body.length > 0 ? body : (url.split('?', 2)[1] ?? ''));
}

function sha256(bytes: Uint8Array | string): string {
  return crypto.hash('sha256', bytes, 'base64');
}

/** An id without end is known by its beginning and its hash. */
function shortened(id: string): string {
  if (id.length <= MAX_PROVIDER_EVENT_ID_CHARS) return id;
  const hash = sha256(id);
  return `${id.slice(0, MAX_PROVIDER_EVENT_ID_CHARS - hash.length - 1)}…${hash}`;
}
