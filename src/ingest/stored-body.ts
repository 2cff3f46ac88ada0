/** What is kept of the body of a refused request. */
import { MAX_STORED_BODY_BYTES } from '../domain/limits-ingest.ts';
import { holdsSecret } from './kept-headers.ts';

const HIDDEN = Buffer.from('(hidden: it holds a secret of the source)');

/** The first bytes, copied, so that the rest can go; null where there are none. */
export function storedBody(body: Buffer, secrets: readonly string[]): Uint8Array | null {
  if (body.length === 0) return null;
  if (secrets.length > 0 && holdsSecret(body.toString('latin1'), secrets)) return HIDDEN;
  return Uint8Array.from(body.subarray(0, cutBefore(body, MAX_STORED_BODY_BYTES)));
}

/** In UTF-8 not within a character, so that text stays text. */
function cutBefore(body: Buffer, length: number): number {
  let at = Math.min(length, body.length);
  while (at > length - 3 && isContinuation(body[at])) at -= 1;
  return at;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
