import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { generateSigningKeyPair } from '../protocol/secrets.ts';
import {
  firstEnd,
  isKeyPair,
  liveSecret,
  rotated,
  secretsOf,
  sharedSecrets,
  standardSigners,
  unexpired,
  type Generation,
  type Signing,
  type SigningSecret,
} from './signing-secrets.ts';

const NOW = 1_000_000;
const DAY_MS = 86_400_000;

function generation(name: string, signing: Signing): Generation {
  const seed = Buffer.alloc(32, name);
  const keyPair = signing === 'ed25519' ? generateSigningKeyPair(seed).secret : null;
  return { shared: `the shared secret ${name}`, keyPair };
}

function texts(secrets: readonly SigningSecret[]): string[] {
  return secrets.map(({ text }) => (text.startsWith('whsk_') ? 'pair' : text.slice(-1)));
}

test('the new secret is in front, and the old one ends after the overlap', () => {
  const next = generation('b', 'hmac');
  const secrets = rotated({
    secrets: secretsOf(generation('a', 'hmac')),
    signing: 'hmac',
    next,
    now: NOW,
    overlapMs: DAY_MS,
  });
  assert.deepEqual(secrets, [
    liveSecret(next.shared),
    { text: 'the shared secret a', expiresAt: NOW + DAY_MS },
  ]);
  assert.deepEqual(unexpired(secrets, NOW + DAY_MS - 1), secrets);
  assert.deepEqual(unexpired(secrets, NOW + DAY_MS), [liveSecret(next.shared)]);
  assert.equal(firstEnd(secrets), NOW + DAY_MS);
  assert.equal(firstEnd(secretsOf(next)), Number.POSITIVE_INFINITY);
});

test('a secret that was replaced before keeps its end; without overlap all former ones end', () => {
  const start = secretsOf(generation('a', 'hmac'));
  const rotate = (secrets: readonly SigningSecret[], name: string, overlapMs: number) =>
    rotated({ secrets, signing: 'hmac', next: generation(name, 'hmac'), now: NOW, overlapMs });
  const second = rotate(rotate(start, 'b', 7 * DAY_MS), 'c', 60_000);
  assert.deepEqual(
    second.map(({ expiresAt }) => expiresAt),
    [null, NOW + 60_000, NOW + 7 * DAY_MS],
  );
  assert.equal(firstEnd(second), NOW + 60_000);
  assert.deepEqual(texts(rotate(second, 'd', 0)), ['d']);
});

test('nothing is copied when nothing has ended', () => {
  const secrets = secretsOf(generation('a', 'hmac'));
  assert.equal(unexpired(secrets, NOW), secrets);
});

test('a key pair signs webhook-signature, the shared secret beside it the rest', () => {
  const secrets = secretsOf(generation('a', 'ed25519'));
  assert.deepEqual(texts(standardSigners(secrets, 'ed25519')), ['pair']);
  assert.deepEqual(texts(sharedSecrets(secrets)), ['a']);
  const next = generation('b', 'ed25519');
  const overlap = rotated({ secrets, signing: 'ed25519', next, now: NOW, overlapMs: 1 });
  assert.deepEqual(texts(standardSigners(overlap, 'ed25519')), ['pair', 'pair']);
  assert.deepEqual(texts(sharedSecrets(overlap)), ['b', 'a']);
});

test('a change of kind overlaps too, in both directions', () => {
  const hmac = secretsOf(generation('a', 'hmac'));
  const toPair = rotated({
    secrets: hmac,
    signing: 'hmac',
    next: generation('b', 'ed25519'),
    now: NOW,
    overlapMs: DAY_MS,
  });
  assert.deepEqual(texts(standardSigners(toPair, 'ed25519')), ['pair', 'a']);
  assert.deepEqual(texts(sharedSecrets(toPair)), ['b', 'a']);
  const back = rotated({
    secrets: toPair,
    signing: 'ed25519',
    next: generation('c', 'hmac'),
    now: NOW + 1,
    overlapMs: DAY_MS,
  });
  assert.deepEqual(texts(standardSigners(back, 'hmac')), ['c', 'pair', 'a']);
  assert.deepEqual(texts(sharedSecrets(back)), ['c', 'b', 'a']);
});

test('after any rotations: one endless generation, newest first, one signer for each', () => {
  const steps = fc.array(
    fc.record({
      signing: fc.constantFrom<Signing>('hmac', 'ed25519'),
      overlapMs: fc.constantFrom(0, 1, 1_000, DAY_MS),
      passes: fc.nat(2_000),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(steps, (rotations) => {
      let secrets: readonly SigningSecret[] = secretsOf(generation('0', 'hmac'));
      let signing: Signing = 'hmac';
      let now = NOW;
      for (const [at, step] of rotations.entries()) {
        now += step.passes;
        const next = generation(String(at + 1), step.signing);
        secrets = rotated({ secrets, signing, next, now, overlapMs: step.overlapMs });
        ({ signing } = step);
        const endless = secrets.filter(({ expiresAt }) => expiresAt === null);
        assert.deepEqual(endless, secretsOf(next));
        assert.deepEqual(secrets.slice(0, endless.length), endless);
        assert.ok(secrets.every(({ expiresAt }) => expiresAt === null || expiresAt > now));
        const [signer] = standardSigners(secrets, signing);
        assert.equal(signer && isKeyPair(signer), signing === 'ed25519');
        assert.equal(standardSigners(secrets, signing).length, sharedSecrets(secrets).length);
      }
    }),
  );
});
