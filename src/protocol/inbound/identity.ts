/** What makes a second request a repeat of the first one, unless the owner chose something else. */
import * as crypto from 'node:crypto';
import type { Provider } from '../providers/provider.ts';
import type { InboundRequest } from './request.ts';

/** A provider's own event id; longer ones are known by their beginning and their hash. */
export const MAX_PROVIDER_ID_CHARS = 255;

export interface InboundIdentity {
  /**
   * Two requests of one provider and endpoint with the same material are the same event; null where
   * every request is an event of its own.
   */
  readonly material: string | null;
  /** As the provider calls the event, for people and filters. */
  readonly providerEventId: string | null;
}

/**
 * The provider's id decides. One that is not signed could be changed by whoever replays the
 * request, so the body's hash stands beside it. Without an id the body alone decides.
 *
 * @param id where the provider puts it, or undefined.
 */
export function identityOf(
  request: InboundRequest,
  id: string | undefined,
  { signsEventId, repeatsAreEvents }: Pick<Provider, 'signsEventId' | 'repeatsAreEvents'>,
): InboundIdentity {
  if (id === undefined || id === '') {
    const material = repeatsAreEvents ? null : `body\0${bodyHash(request)}`;
    return { material, providerEventId: null };
  }
  const material = signsEventId ? `id\0${id}` : `id\0${id}\0${bodyHash(request)}`;
  return { material, providerEventId: shortened(id) };
}

/** Requests without a body differ, if at all, in their query. */
export function bodyHash({ body, url }: InboundRequest): string {
  return sha256(body.length > 0 ? body : (url.split('?', 2)[1] ?? ''));
}

/** An id for an event that nobody else has given one: the same for each repeat. */
export function derivedEventId(provider: string, material: string): string {
  const hash = crypto.createHash('sha256').update(`${provider}\0${material}`).digest('hex');
  return `evt_${hash.slice(0, 32)}`;
}

/** In one call where the runtime can: 6 µs for 600 bytes, where `createHash` takes 10. */
const runtimeHash: typeof crypto.hash | undefined = crypto.hash;

function sha256(bytes: Uint8Array | string): string {
  if (runtimeHash !== undefined) return runtimeHash('sha256', bytes, 'base64');
  return crypto.createHash('sha256').update(bytes).digest('base64');
}

function shortened(id: string): string {
  if (id.length <= MAX_PROVIDER_ID_CHARS) return id;
  const hash = sha256(id);
  return `${id.slice(0, MAX_PROVIDER_ID_CHARS - hash.length - 1)}…${hash}`;
}
