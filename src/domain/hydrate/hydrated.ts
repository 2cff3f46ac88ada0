/** What a hydrated event says: the thin one's members, and what was fetched beside them. Pure. */
import { MAX_EVENT_BODY_BYTES } from '../limits.ts';

/**
 * - `fresh`: fetched after the event came in.
 * - `cached`: fetched before, within the time that the source allows.
 * - `stale`: fetched before that; it could not be had anew.
 * - `failed`: not there; the event is as thin as it came.
 */
export type HydrationStatus = 'fresh' | 'cached' | 'stale' | 'failed';

export interface Hydration {
  readonly status: HydrationStatus;
  /** ISO 8601; null where nothing was fetched. */
  readonly fetchedAt: string | null;
  /** Why it is `stale` or `failed`; one sentence. */
  readonly reason: string | null;
  /** JSON text; null where there is none. */
  readonly object: string | null;
}

/**
 * JSON text of `data`. The thin members keep their bytes; `hydration` stands behind them, with the
 * object inside it, because thin events of several providers have a member called `object` already.
 */
export function hydratedData(thinText: string, thin: unknown, hydration: Hydration): string {
  const member = `"hydration":${hydrationText(hydration)}`;
  const isObject = typeof thin === 'object' && thin !== null && !Array.isArray(thin);
  if (!isObject) return `{"thin":${thinText},${member}}`;
  // JSON has no rule for a name that is there twice.
  const own = Object.hasOwn(thin, 'hydration')
    ? JSON.stringify({ ...thin, hydration: undefined })
    : thinText.trim();
  const inner = own.slice(1, -1).trim();
  return inner === '' ? `{${member}}` : `{${inner},${member}}`;
}

function hydrationText(hydration: Hydration): string {
  const note = JSON.stringify(hydrationNote(hydration));
  return `${note.slice(0, -1)},"object":${hydration.object ?? 'null'}}`;
}

/** The same without the object, for the metadata. */
export function hydrationNote({ status, fetchedAt, reason }: Hydration): object {
  const why = reason === null ? {} : { reason };
  return { status, fetched_at: fetchedAt, ...why };
}

/** Leaves room for the envelope. */
const MAX_DATA_BYTES = MAX_EVENT_BODY_BYTES - 8 * 1024;

export function fitsEvent(dataText: string): boolean {
  return Buffer.byteLength(dataText) <= MAX_DATA_BYTES;
}
