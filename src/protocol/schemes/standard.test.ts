import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HmacSha256Key } from '../hmac.ts';
import { generateSecret, generateSigningKeyPair, standardKey } from '../secrets.ts';
import { ed25519PrivateKey, signStandard, signStandardEd25519 } from './standard.ts';
import { verifyStandard } from './standard.ts';
import { STANDARD_VECTORS } from './standard.vectors.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anySecret = fc.oneof(bytes32.map(generateSecret), fc.string({ minLength: 1 }).map(plain));
const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
const anyTime = fc.integer({ min: 0, max: 999_999_999_999 });

function plain(text: string): string {
  return `plain ${text}`;
}

function signWith(secret: string, id: string, at: number, body: Uint8Array): string {
  return signStandard(new HmacSha256Key(standardKey(secret)), id, at, body);
}

test('the published vectors are what we sign, and they verify', () => {
  for (const vector of STANDARD_VECTORS) {
    const body = new TextEncoder().encode(vector.body);
    const { id, timestamp, signature } = vector;
    const made = vector.privateKey
      ? signStandardEd25519(ed25519PrivateKey(vector.privateKey), id, timestamp, body)
      : signWith(vector.secret, id, timestamp, body);
    assert.equal(made, signature);
    const verdict = verifyStandard({
      secrets: [vector.secret],
      id,
      timestamp: String(timestamp),
      signatureHeader: signature,
      body,
      nowSeconds: timestamp,
    });
    assert.deepEqual(verdict, { ok: true });
  }
});

test('any body under any secret verifies; one flipped bit anywhere does not', () => {
  const body = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(anySecret, anyId, anyTime, body, fc.nat(), (secret, id, at, bytes, flip) => {
      const signatureHeader = signWith(secret, id, at, bytes);
      const message = { id, timestamp: String(at), signatureHeader, body: bytes, nowSeconds: at };
      assert.deepEqual(verifyStandard({ secrets: [secret], ...message }), { ok: true });
      const changed = Uint8Array.from(bytes);
      changed[flip % bytes.length] = (bytes[flip % bytes.length] ?? 0) ^ (1 << (flip % 8));
      const verdict = verifyStandard({ secrets: [secret], ...message, body: changed });
      assert.deepEqual(verdict, { ok: false, reason: 'mismatch' });
    }),
    { numRuns: 200 },
  );
});

test('ed25519: any body verifies, one flipped bit does not, another key does not', () => {
  fc.assert(
    fc.property(bytes32, anyId, anyTime, fc.uint8Array({ minLength: 1 }), (seed, id, at, body) => {
      const pair = generateSigningKeyPair(seed);
      const key = ed25519PrivateKey(pair.secret);
      const signatureHeader = signStandardEd25519(key, id, at, body);
      const message = { id, timestamp: String(at), signatureHeader, nowSeconds: at };
      const secrets = [pair.publicKey];
      assert.deepEqual(verifyStandard({ secrets, ...message, body }), { ok: true });
      const changed = body.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
      assert.equal(verifyStandard({ secrets, ...message, body: changed }).ok, false);
      const other = generateSigningKeyPair(seed.map((byte) => byte ^ 0xff)).publicKey;
      assert.equal(verifyStandard({ secrets: [other], ...message, body }).ok, false);
    }),
    { numRuns: 40 },
  );
});

test('rotation: any live secret on either side is enough, none is not', () => {
  const secrets = fc.uniqueArray(bytes32.map(generateSecret), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(secrets, fc.uint8Array(), fc.nat(), (all, body, pick) => {
      const shared = all[pick % all.length] ?? '';
      const stranger = generateSecret(new Uint8Array(32));
      fc.pre(!all.includes(stranger));
      const message = { id: 'evt_1', timestamp: '1700000000', body, nowSeconds: 1_700_000_000 };
      const signed = (by: string[]) =>
        by.map((secret) => signWith(secret, 'evt_1', 1_700_000_000, body)).join(' ');
      const check = (live: string[], signatureHeader: string) =>
        verifyStandard({ secrets: live, ...message, signatureHeader }).ok;
      assert.equal(check(all, signed([shared])), true);
      assert.equal(check([shared], signed(all)), true);
      assert.equal(check([stranger], signed(all)), false);
      assert.equal(check([], signed(all)), false);
    }),
    { numRuns: 100 },
  );
});

test('two invalid UTF-8 bodies that decode to the same text have different signatures', () => {
  const secret = generateSecret(new Uint8Array(32));
  const [one, two] = [Uint8Array.of(0x7b, 0xff, 0x7d), Uint8Array.of(0x7b, 0xfe, 0x7d)];
  assert.equal(new TextDecoder().decode(one), new TextDecoder().decode(two));
  assert.notEqual(signWith(secret, 'evt_1', 1, one), signWith(secret, 'evt_1', 1, two));
});

test('text before or after the body is not confused with id or timestamp', () => {
  const secret = generateSecret(new Uint8Array(32));
  const body = new TextEncoder().encode('5.x');
  const signatureHeader = signWith(secret, 'm', 1, body);
  const moved = { id: 'm.1', timestamp: '5', body: new TextEncoder().encode('x'), nowSeconds: 5 };
  const verdict = verifyStandard({ secrets: [secret], ...moved, signatureHeader });
  assert.deepEqual(verdict, { ok: false, reason: 'malformed' });
});
