import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { agentKey, checkSecret, ed25519PrivateKey, ed25519PublicKey } from './secrets.ts';
import { generateSecret, generateSigningKeyPair, standardKey } from './secrets.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const decoded = (key: string) => Buffer.from(key.slice('whsk_'.length), 'base64');
const whsec = (length: number) => `whsec_${Buffer.alloc(length, 7).toString('base64')}`;

test('a generated secret passes its own check and decodes to the random bytes', () => {
  fc.assert(
    fc.property(bytes32, (random) => {
      const secret = generateSecret(random);
      assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
      assert.deepEqual(checkSecret(secret), { ok: true });
      assert.deepEqual(standardKey(secret), random);
      assert.deepEqual(agentKey(secret), new TextEncoder().encode(secret));
    }),
    { numRuns: 100 },
  );
});

test('a generated pair signs and verifies, and has the documented layout', () => {
  fc.assert(
    fc.property(bytes32, fc.uint8Array(), (seed, message) => {
      const { secret, publicKey } = generateSigningKeyPair(seed);
      const layout = Buffer.from(secret.slice('whsk_'.length), 'base64');
      assert.deepEqual(new Uint8Array(layout.subarray(0, 32)), seed);
      assert.equal(layout.subarray(32).toString('base64'), publicKey.slice('whpk_'.length));
      const signature = sign(null, message, ed25519PrivateKey(secret));
      assert.ok(verify(null, message, ed25519PublicKey(publicKey), signature));
    }),
    { numRuns: 50 },
  );
});

test('keys are the ones Node makes from the same seed', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const { publicKey } = generateSigningKeyPair(seed);
  const expected = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  assert.equal(publicKey, `whpk_${Buffer.from(expected, 'base64url').toString('base64')}`);
});

test('the published pair belongs together', () => {
  const whsk =
    'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
  const seed = Buffer.from(whsk.slice('whsk_'.length), 'base64').subarray(0, 32);
  assert.deepEqual(generateSigningKeyPair(seed), {
    secret: whsk,
    publicKey: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
  });
});

test('secrets of a wrong size or form are refused with a sentence', () => {
  const refused: [secret: string, because: RegExp][] = [
    ['', /at least 16 bytes/],
    ['fifteen bytes..', /at least 16 bytes; this has 15/],
    ['x'.repeat(513), /at most 512 bytes/],
    ['whsec_', /24 to 64 bytes once decoded; this holds 0/],
    [whsec(23), /this holds 23/],
    [whsec(65), /this holds 65/],
    ['whsec_not base64 at all, is it?', /not base64/],
    ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=', /ed25519/],
  ];
  for (const [secret, because] of refused) {
    const check = checkSecret(secret);
    assert.ok(!check.ok, secret);
    assert.match(check.reason, because);
  }
});

test('secrets at the borders are taken; plain ones are measured in bytes', () => {
  for (const secret of [whsec(24), whsec(64), 'sixteen bytes ok', 'éééééééé', 'x'.repeat(512)]) {
    assert.deepEqual(checkSecret(secret), { ok: true }, secret);
  }
});

test('the standard key of a plain secret is its UTF-8 text', () => {
  assert.deepEqual(standardKey('plain-é'), new TextEncoder().encode('plain-é'));
});

test('empty and broken secrets never become keys', () => {
  for (const secret of ['', 'whsec_', 'whsec_!!!!', 'whsec_====']) {
    assert.throws(() => standardKey(secret), TypeError, secret);
  }
  assert.throws(() => agentKey(''), TypeError);
  assert.throws(() => generateSecret(new Uint8Array(31)), TypeError);
  assert.throws(() => generateSigningKeyPair(new Uint8Array(33)), TypeError);
});

test('broken, swapped and mismatched ed25519 keys are refused', () => {
  const one = generateSigningKeyPair(new Uint8Array(32));
  const two = generateSigningKeyPair(new Uint8Array(32).fill(1));
  const halves = [decoded(one.secret).subarray(0, 32), decoded(two.secret).subarray(32)];
  const mixed = Buffer.concat(halves);
  assert.throws(() => ed25519PrivateKey(`whsk_${mixed.toString('base64')}`), /belong together/);
  assert.throws(() => ed25519PrivateKey(one.publicKey), TypeError);
  assert.throws(() => ed25519PublicKey(one.secret), TypeError);
  assert.throws(() => ed25519PublicKey('whpk_AAAA'), TypeError);
});
