import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseMasterKeys } from './master-keys.ts';
import { SecretBoxError, type SecretBoxErrorReason } from './secret-box-error.ts';
import { openSecret, SEAL_RANDOM_BYTES, sealSecret } from './secret-box.ts';

const OLD_KEY = Buffer.alloc(32, 1).toString('base64');
const NEW_KEY = Buffer.alloc(32, 2).toString('base64');
const [masterKey] = parseMasterKeys(OLD_KEY);
const RANDOM = Uint8Array.from({ length: SEAL_RANDOM_BYTES }, (_, index) => index);

const bytes = fc.uint8Array({ minLength: SEAL_RANDOM_BYTES, maxLength: SEAL_RANDOM_BYTES });
const text = fc.string({ unit: 'grapheme' });

function failsFor(reason: SecretBoxErrorReason): (error: unknown) => boolean {
  return (error) => error instanceof SecretBoxError && error.reason === reason;
}

test('a sealed secret opens at the place it was sealed for', () => {
  fc.assert(
    fc.property(text, text, bytes, (plaintext, aad, random) => {
      const sealed = sealSecret({ masterKey, aad, plaintext, random });
      assert.equal(openSecret({ masterKeys: [masterKey], aad, sealed }), plaintext);
    }),
  );
});

test('a sealed secret does not open at any other place', () => {
  fc.assert(
    fc.property(text, text, (aad, other) => {
      fc.pre(aad !== other);
      const sealed = sealSecret({ masterKey, aad, plaintext: 'whsec_x', random: RANDOM });
      assert.throws(
        () => openSecret({ masterKeys: [masterKey], aad: other, sealed }),
        failsFor('not_authentic'),
      );
    }),
  );
});

test('a sealed secret with any one bit changed, or cut short, does not open', () => {
  const sealed = sealSecret({ masterKey, aad: 'a', plaintext: 'whsec_x', random: RANDOM });
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Uint8Array.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const open = (): string => openSecret({ masterKeys: [masterKey], aad: 'a', sealed: changed });
    assert.throws(open, SecretBoxError, `bit ${bit}`);
  }
  for (let length = 0; length < sealed.length; length += 1) {
    const cut = sealed.subarray(0, length);
    const open = (): string => openSecret({ masterKeys: [masterKey], aad: 'a', sealed: cut });
    assert.throws(open, SecretBoxError, `length ${length}`);
  }
});

test('the envelope has the documented layout, so another implementation can open it', async () => {
  const plaintext = 'whsec_c2VjcmV0';
  const aad = 'tenant|subscription|sub_1';
  const sealed = Buffer.from(sealSecret({ masterKey, aad, plaintext, random: RANDOM }));
  assert.equal(sealed[0], 1);
  assert.equal(sealed.toString('hex', 1, 5), masterKey.id);
  assert.deepEqual(Uint8Array.from(sealed.subarray(5, 33)), RANDOM);
  assert.equal(sealed.length, 33 + plaintext.length + 16);

  const { subtle } = webcrypto;
  const master = await subtle.importKey('raw', Uint8Array.from(masterKey.key), 'HKDF', false, [
    'deriveKey',
  ]);
  const info = Buffer.from('bellwire secret v1');
  const salt = sealed.subarray(5, 21);
  const key = await subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info },
    master,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  );
  const additionalData = Buffer.concat([sealed.subarray(0, 5), Buffer.from(aad)]);
  const cipher = { name: 'AES-GCM', iv: sealed.subarray(21, 33), additionalData };
  const opened = await subtle.decrypt(cipher, key, sealed.subarray(33));
  assert.equal(Buffer.from(opened).toString(), plaintext);
});

test('rotation: the first key seals, every listed key opens, a dropped one is named', () => {
  const [newKey, oldKey] = parseMasterKeys(`${NEW_KEY},${OLD_KEY}`);
  assert.ok(oldKey);
  const sealed = sealSecret({ masterKey: oldKey, aad: 'a', plaintext: 's', random: RANDOM });
  assert.equal(openSecret({ masterKeys: [newKey, oldKey], aad: 'a', sealed }), 's');
  assert.throws(() => openSecret({ masterKeys: [newKey], aad: 'a', sealed }), {
    name: 'SecretBoxError',
    reason: 'unknown_key',
    message: `the secret was sealed with master key ${oldKey.id}, which is not configured`,
  });
});

test('sealing refuses too little randomness and text that would not come back', () => {
  const input = { masterKey, aad: 'a', plaintext: 's', random: RANDOM };
  const short = { ...input, random: RANDOM.subarray(1) };
  assert.throws(() => sealSecret(short), failsFor('malformed'));
  assert.throws(() => sealSecret({ ...input, plaintext: '\ud800' }), failsFor('malformed'));
});

test('master keys are read from a comma list and named by their hash', () => {
  const keys = parseMasterKeys(` ${NEW_KEY} , ${OLD_KEY}`);
  assert.deepEqual(
    keys.map((each) => [...each.key]),
    [Array.from({ length: 32 }, () => 2), Array.from({ length: 32 }, () => 1)],
  );
  const hash = createHash('sha256').update(Buffer.alloc(32, 2)).digest('hex');
  assert.equal(keys[0].id, hash.slice(0, 8));
});

test('a bad list of master keys is refused by place, without repeating a key', () => {
  const short = Buffer.alloc(31, 3).toString('base64');
  const table: [string, RegExp][] = [
    ['', /^master key 1 is empty$/],
    [`${NEW_KEY},`, /^master key 2 is empty$/],
    [short, /^master key 1 is not 32 bytes in base64/],
    [`${NEW_KEY},${OLD_KEY}x`, /^master key 2 is not 32 bytes/],
    [`!${NEW_KEY.slice(1)}`, /^master key 1 is not 32 bytes/],
    [`${NEW_KEY},${OLD_KEY},${NEW_KEY}`, /^the same master key is listed twice$/],
  ];
  for (const [list, message] of table) {
    assert.throws(
      () => parseMasterKeys(list),
      (error) => {
        assert.ok(failsFor('bad_master_key')(error) && error instanceof Error);
        assert.match(error.message, message);
        for (const key of [short, NEW_KEY, OLD_KEY]) assert.ok(!error.message.includes(key));
        return true;
      },
    );
  }
});
