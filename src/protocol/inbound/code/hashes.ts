/** SHA-256 of a body in the spellings that senders use. */
import * as crypto from 'node:crypto';

export function sha256Hex(bytes: Uint8Array): string {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

/** Padded base64. */
export function sha256Base64(bytes: Uint8Array): string {
  return crypto.createHash('sha256').update(bytes).digest('base64');
}
