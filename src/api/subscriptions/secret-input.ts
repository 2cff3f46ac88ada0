/** From what a caller wrote to the secrets of a subscription, at its creation and in a rotation. */
import { MAX_LIVE_SECRETS } from '../../domain/limits.ts';
import {
  rotated,
  standardSigners,
  type Generation,
  type Signing,
  type SigningSecret,
} from '../../domain/signing-secrets.ts';
import type { Subscription } from '../../domain/subscription.ts';
import {
  generateSecret,
  generateSigningKeyPair,
  PRIVATE_KEY_PREFIX,
} from '../../protocol/secrets.ts';
import type { Random } from '../../runtime/random.ts';
import { invalid, Problem } from '../problems.ts';

const SECRET_RANDOM_BYTES = 32;

export interface SecretWish {
  readonly secret?: string | undefined;
  readonly signing?: Signing | undefined;
}

/** How `webhook-signature` will be made. */
export function signingOf({ secret, signing }: SecretWish, byDefault: Signing): Signing {
  return signing ?? (secret?.startsWith(PRIVATE_KEY_PREFIX) === true ? 'ed25519' : byDefault);
}

/** New secrets, the given one among them. Beside a key pair a shared one signs what is HMAC. */
export function newGeneration(wish: SecretWish, signing: Signing, random: Random): Generation {
  const given = wish.secret;
  const isKeyPair = given?.startsWith(PRIVATE_KEY_PREFIX) === true;
  const draw = () => random.bytes(SECRET_RANDOM_BYTES);
  const shared = given === undefined || isKeyPair ? generateSecret(draw()) : given;
  if (signing === 'hmac') return { shared, keyPair: null };
  return { shared, keyPair: isKeyPair ? given : generateSigningKeyPair(draw()).secret };
}

export interface RotationWish extends SecretWish {
  readonly overlap_seconds: number;
}

export interface RotatedSecrets {
  readonly secrets: readonly SigningSecret[];
  readonly signing: Signing;
  /** The one that the caller is shown. */
  readonly shown: string;
}

/** @throws Problem `too_many_secrets`, or `validation_failed` for a secret that signs already. */
export function rotatedSecrets(
  current: Subscription,
  wish: RotationWish,
  now: number,
  random: Random,
): RotatedSecrets {
  if (current.secrets.some(({ text }) => text === wish.secret)) {
    const detail = 'signs already, and a new one is to take its place';
    throw invalid({ pointer: '/secret', code: 'secret_in_use', detail });
  }
  const signing = signingOf(wish, current.signing);
  const next = newGeneration(wish, signing, random);
  const secrets = rotated({
    secrets: current.secrets,
    signing: current.signing,
    next,
    now,
    overlapMs: wish.overlap_seconds * 1000,
  });
  if (standardSigners(secrets, signing).length > MAX_LIVE_SECRETS) {
    throw new Problem(
      'too_many_secrets',
      `${MAX_LIVE_SECRETS} secrets of this subscription sign already.`,
    );
  }
  return { secrets, signing, shown: next.shared };
}
