/**
 * Links of thin payloads: whoever holds one may fetch one event for some days, without an API key.
 * The signature is HMAC-SHA256 under a key derived from the master key (RFC 5869), so nothing about
 * links is stored.
 */
import { hkdfSync } from 'node:crypto';
import { HmacSha256Key, sameText } from '../protocol/hmac.ts';
import { MIN_THIN_LINK_DAYS } from './limits.ts';
import type { MasterKey } from './master-keys.ts';

const INFO = 'bellwire thin link v1';
const KEY_BYTES = 32;
const NO_BYTES = new Uint8Array();
const STEP_MS = MIN_THIN_LINK_DAYS * 86_400_000;

export interface ThinLink {
  /** Unix seconds. */
  readonly expires: number;
  /** Lower-case hex. */
  readonly signature: string;
}

/**
 * When a link that is made now ends, Unix seconds. Counted in steps from the event on: the tries of
 * one step send the same bytes, and each finds a link that is good for at least one step more.
 */
export function thinLinkExpiry(createdAt: number, now: number): number {
  const step = Math.floor(Math.max(0, now - createdAt) / STEP_MS);
  return Math.floor((createdAt + (step + 2) * STEP_MS) / 1000);
}

export class ThinLinks {
  readonly #keys: readonly HmacSha256Key[];

  /** @param masterKeys the first signs; links of the others stay good. */
  constructor(masterKeys: readonly MasterKey[]) {
    this.#keys = masterKeys.map(
      ({ key }) => new HmacSha256Key(new Uint8Array(hkdfSync('sha256', key, '', INFO, KEY_BYTES))),
    );
  }

  /** @param eventId the one derived from the event's place, also for an event with its own id. */
  sign(eventId: string, expires: number): ThinLink {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('no master key to sign links with');
    return { expires, signature: signatureOf(key, eventId, String(expires)) };
  }

  /** @param expires the text in the link. Its time is for the caller to judge. */
  isAuthentic(eventId: string, expires: string, signature: string): boolean {
    let authentic = false;
    // Every key is tried, so that time tells nothing about which one fits.
    for (const key of this.#keys) {
      authentic = sameText(signatureOf(key, eventId, expires), signature) || authentic;
    }
    return authentic;
  }
}

function signatureOf(key: HmacSha256Key, eventId: string, expires: string): string {
  return key.hex(NO_BYTES, `${eventId}\n${expires}`);
}
