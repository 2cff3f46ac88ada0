import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { API_KEY_RANDOM_BYTES, generateApiKey, hashApiKey, looksLikeApiKey } from './api-key.ts';
import { crc32 } from './crc32.ts';
import { allows, isScope, SCOPES } from './scope.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const random = fc.uint8Array({ minLength: API_KEY_RANDOM_BYTES, maxLength: API_KEY_RANDOM_BYTES });

test('an API key has its prefix, 27 characters of chance and 6 of check', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const key = generateApiKey(bytes);
      assert.match(key, /^bw_[0-9A-Za-z]{33}$/);
      assert.ok(looksLikeApiKey(key));
    }),
  );
  assert.equal(generateApiKey(new Uint8Array(20)).slice(0, 30), `bw_${'0'.repeat(27)}`);
});

test('an API key holds all of its random bits', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      let value = 0n;
      for (const digit of generateApiKey(bytes).slice(3, 30)) {
        value = value * 62n + BigInt(BASE62.indexOf(digit));
      }
      assert.equal(value, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
    }),
  );
});

test('an API key with a character mistyped or two swapped is recognised as wrong', () => {
  const place = fc.integer({ min: 3, max: 35 });
  fc.assert(
    fc.property(random, place, fc.constantFrom(...BASE62.split('')), (bytes, at, digit) => {
      const key = generateApiKey(bytes);
      const mistyped = key.slice(0, at) + digit + key.slice(at + 1);
      assert.equal(looksLikeApiKey(mistyped), mistyped === key);
      const swapped =
        key.slice(0, at - 1) + key.charAt(at) + key.charAt(at - 1) + key.slice(at + 1);
      assert.equal(looksLikeApiKey(swapped), swapped === key);
    }),
    { numRuns: 200 },
  );
});

test('other text does not look like an API key', () => {
  const key = generateApiKey(new Uint8Array(20).fill(7));
  const others = ['', 'bw_', key.slice(0, -1), `${key}0`, `${key}\n`, ` ${key}`, key.toUpperCase()];
  for (const text of others) assert.equal(looksLikeApiKey(text), false, JSON.stringify(text));
});

test('an API key is not made of too little chance', () => {
  assert.throws(() => generateApiKey(new Uint8Array(19)), /an API key needs 20 random bytes/);
});

test('the store keeps the SHA-256 of a key in hex', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const key = generateApiKey(bytes);
      assert.equal(hashApiKey(key), createHash('sha256').update(key).digest('hex'));
    }),
  );
});

test('the checksum is the CRC-32 that everybody knows', () => {
  assert.equal(crc32('123456789'), 0xcbf43926);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(crc32(text), zlibCrc32(Buffer.from(text, 'utf8')));
    }),
  );
});

test('a scope allows itself, admin all of its tenant, and nothing else is allowed', () => {
  const scope = fc.constantFrom(...SCOPES);
  fc.assert(
    fc.property(fc.uniqueArray(scope), scope, (held, needed) => {
      const byAdmin = held.includes('admin') && needed !== 'event_types:write';
      const expected = held.includes(needed) || byAdmin;
      assert.equal(allows(held, needed), expected);
    }),
    { numRuns: 200 },
  );
  assert.equal(allows(['events:write'], 'events:read'), false);
  assert.equal(allows([], 'admin'), false);
});

test('only listed scopes are scopes', () => {
  for (const scope of SCOPES) assert.equal(isScope(scope), true);
  for (const text of ['', 'events', 'events:*', 'Admin', 'toString']) {
    assert.equal(isScope(text), false);
  }
});
