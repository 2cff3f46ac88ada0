/**
 * The secrets of a subscription over time. A rotation puts new ones in front; the former ones go on
 * signing until their end, so that receivers can change theirs in between.
 *
 * With `hmac` one shared secret signs everything. With `ed25519` a key pair signs
 * `webhook-signature`, and a shared secret signs what is HMAC by nature (`x-agent-signature` and
 * the flavours). Each rotation makes a whole new generation, of the same kind or the other.
 */
import { PRIVATE_KEY_PREFIX } from '../protocol/secrets.ts';

export type Signing = 'hmac' | 'ed25519';

/** A signing secret. While an old one overlaps with its successor, both sign. */
export interface SigningSecret {
  readonly text: string;
  /** When it stops signing, milliseconds; null for the newest. */
  readonly expiresAt: number | null;
  /** Served beside a key pair that is retired too: it never signed `webhook-signature`. */
  readonly besideKeyPair?: true;
}

/** A secret without an end. */
export function liveSecret(text: string): SigningSecret {
  return { text, expiresAt: null };
}

/** The secrets of a new generation, by what they do. */
export interface Generation {
  readonly shared: string;
  /** `whsk_…`; null with `hmac`. */
  readonly keyPair: string | null;
}

export function secretsOf({ shared, keyPair }: Generation): SigningSecret[] {
  return [...(keyPair === null ? [] : [keyPair]), shared].map(liveSecret);
}

export interface Rotation {
  readonly secrets: readonly SigningSecret[];
  /** How the secrets without an end have signed. */
  readonly signing: Signing;
  readonly next: Generation;
  readonly now: number;
  /** How long the former secrets still sign, milliseconds. */
  readonly overlapMs: number;
}

/**
 * The new generation in front of the former ones. Those that were replaced before keep the end they
 * were promised; with no overlap at all every former secret ends now.
 */
export function rotated({ secrets, signing, next, now, overlapMs }: Rotation): SigningSecret[] {
  if (overlapMs === 0) return secretsOf(next);
  const retired = unexpired(secrets, now).map((secret): SigningSecret => {
    if (secret.expiresAt !== null) return secret;
    const ended = { text: secret.text, expiresAt: now + overlapMs };
    return signing === 'ed25519' && !isKeyPair(secret) ? { ...ended, besideKeyPair: true } : ended;
  });
  return [...secretsOf(next), ...retired];
}

/** Without those that no longer sign; the same list when there are none. */
export function unexpired(
  secrets: readonly SigningSecret[],
  now: number,
): readonly SigningSecret[] {
  const isOver = ({ expiresAt }: SigningSecret) => expiresAt !== null && expiresAt <= now;
  return secrets.some(isOver) ? secrets.filter((secret) => !isOver(secret)) : secrets;
}

/** When the next of them stops signing, milliseconds; infinity when none ever does. */
export function firstEnd(secrets: readonly SigningSecret[]): number {
  return Math.min(...secrets.map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY));
}

export function isKeyPair({ text }: SigningSecret): boolean {
  return text.startsWith(PRIVATE_KEY_PREFIX);
}

/** Those that sign `webhook-signature`, newest first: one for each generation. */
export function standardSigners(
  secrets: readonly SigningSecret[],
  signing: Signing,
): readonly SigningSecret[] {
  return secrets.filter((secret) => {
    if (isKeyPair(secret)) return true;
    return secret.expiresAt === null ? signing === 'hmac' : secret.besideKeyPair !== true;
  });
}

/** Those that sign by HMAC under other headers, newest first: one for each generation. */
export function sharedSecrets(secrets: readonly SigningSecret[]): readonly SigningSecret[] {
  return secrets.filter((secret) => !isKeyPair(secret));
}
