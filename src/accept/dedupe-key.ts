/** Keys that make a second publish of the same thing a duplicate. */
import { hash as digest } from 'node:crypto';
import type { DedupeKey } from '../storage/journal.ts';
import type { InboundOrigin, Publication } from './publication.ts';

/** Enough that no two keys of an installation meet: 128 bits. */
const HASH_BYTES = 16;

/** The store's name for an event id that a publisher chose. */
export function idKeyHash(id: string): Uint8Array {
  return hash(`id\0${id}`);
}

/** The store's name for an Idempotency-Key. */
export function idempotencyKeyHash(key: string): Uint8Array {
  return hash(`key\0${key}`);
}

/** What repeats of one event from a source have in common. */
export interface InboundKey {
  readonly source: number;
  readonly dedupe: string;
}

/**
 * The store's name for what makes a second request to a source a repeat. It is the fingerprint as
 * well: providers send an event again with other headers and another body, and mean the same.
 */
export function inboundKeyHash({ source, dedupe }: InboundKey): Uint8Array {
  return hash(`src\0${source}\0${dedupe}`);
}

/** Most events have none, and then nothing is hashed. */
export function dedupeKeys(publication: Publication): readonly DedupeKey[] {
  const { id, idempotencyKey, inbound } = publication;
  if (id === undefined && idempotencyKey === undefined && inbound === undefined) return NO_KEYS;
  const origin = originKey(inbound);
  const fingerprint = origin ?? requestFingerprint(publication);
  const keys: DedupeKey[] = [];
  if (origin !== undefined) keys.push({ hash: origin, fingerprint });
  if (id !== undefined) keys.push({ hash: idKeyHash(id), fingerprint });
  if (idempotencyKey !== undefined) {
    keys.push({ hash: idempotencyKeyHash(idempotencyKey), fingerprint });
  }
  return keys;
}

function originKey(inbound: InboundOrigin | undefined): Uint8Array | undefined {
  if (inbound === undefined || inbound.dedupe === null) return undefined;
  return inboundKeyHash({ source: inbound.source, dedupe: inbound.dedupe });
}

const NO_KEYS: readonly DedupeKey[] = [];

/**
 * Equal exactly when the requests ask for the same event. Made of what is stored, so after
 * redaction: a hash of a card number whose other digits are known gives the number away.
 */
export function requestFingerprint(publication: Publication): Uint8Array {
  const { eventType, dataText, id, taskId, runId, status, only } = publication;
  const { orderingKey, occurredAt, deliverAt, metadataText } = publication;
  const parts = [eventType, dataText, id, taskId, runId, status];
  const rest: unknown[] = [orderingKey, occurredAt, deliverAt, metadataText];
  // Only where it is given: fingerprints that are stored already must not change.
  if (only !== undefined) rest.push({ subscription: only.id });
  return hash(JSON.stringify([...parts, ...rest]));
}

function hash(text: string): Uint8Array {
  return digest('sha256', text, 'buffer').subarray(0, HASH_BYTES);
}
