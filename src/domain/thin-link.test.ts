import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MIN_THIN_LINK_DAYS } from './limits.ts';
import { parseMasterKeys } from './master-keys.ts';
import { thinLinkExpiry, ThinLinks } from './thin-link.ts';

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const OLD = new ThinLinks(parseMasterKeys(key(1)));
const ROTATED = new ThinLinks(parseMasterKeys(`${key(2)},${key(1)}`));
const NEW = new ThinLinks(parseMasterKeys(key(2)));

const STEP_SECONDS = MIN_THIN_LINK_DAYS * 86_400;

test('a link belongs to one event and one time', () => {
  const { expires, signature } = OLD.sign('evt_a', 1_800_000_000);
  assert.match(signature, /^[0-9a-f]{64}$/);
  assert.ok(OLD.isAuthentic('evt_a', String(expires), signature));
  assert.ok(!OLD.isAuthentic('evt_b', String(expires), signature));
  assert.ok(!OLD.isAuthentic('evt_a', String(expires + 1), signature));
  assert.ok(!OLD.isAuthentic('evt_a', `0${expires}`, signature));
  assert.ok(!OLD.isAuthentic('evt_a', String(expires), signature.toUpperCase()));
  assert.ok(!OLD.isAuthentic('evt_a', String(expires), ''));
});

test('a new master key signs, and links of the old one stay good while it is listed', () => {
  const old = OLD.sign('evt_a', 1_800_000_000);
  assert.ok(ROTATED.isAuthentic('evt_a', String(old.expires), old.signature));
  assert.ok(!NEW.isAuthentic('evt_a', String(old.expires), old.signature));
  assert.deepEqual(ROTATED.sign('evt_a', old.expires), NEW.sign('evt_a', old.expires));
});

test('a link is good for a week at least, and the same for all tries of a week', () => {
  const instants = fc.tuple(fc.nat(4e12), fc.nat(90 * 86_400_000));
  fc.assert(
    fc.property(instants, ([createdAt, age]) => {
      const now = createdAt + age;
      const expires = thinLinkExpiry(createdAt, now);
      const left = expires - Math.floor(now / 1000);
      assert.ok(left >= STEP_SECONDS - 1 && left <= 2 * STEP_SECONDS, `${left}`);
      const start = createdAt + Math.floor(age / (STEP_SECONDS * 1000)) * STEP_SECONDS * 1000;
      assert.equal(thinLinkExpiry(createdAt, start), expires);
    }),
  );
  assert.equal(thinLinkExpiry(1000, 0), thinLinkExpiry(1000, 1000));
});
