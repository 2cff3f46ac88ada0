import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HmacSha256Key } from '../hmac.ts';
import { agentKey, generateSecret } from '../secrets.ts';
import { signAgent, verifyAgent } from './agent.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const secrets = fc.oneof(bytes32.map(generateSecret), fc.string({ minLength: 1, unit: 'binary' }));
const sign = (secret: string, body: Uint8Array) =>
  signAgent(new HmacSha256Key(agentKey(secret)), body);

test('it is the plain hex HMAC that any language makes in one line', () => {
  fc.assert(
    fc.property(secrets, fc.uint8Array({ maxLength: 500 }), (secret, body) => {
      const expected = createHmac('sha256', Buffer.from(secret, 'utf8')).update(body);
      assert.equal(sign(secret, body), expected.digest('hex'));
    }),
    { numRuns: 150 },
  );
});

test('any body under any live secret verifies; one flipped bit does not', () => {
  const body = fc.uint8Array({ minLength: 1, maxLength: 500 });
  fc.assert(
    fc.property(secrets, secrets, body, fc.nat(), (one, two, bytes, flip) => {
      fc.pre(one !== two);
      const signature = sign(two, bytes);
      assert.deepEqual(verifyAgent({ secrets: [one, two], signature, body: bytes }), { ok: true });
      const at = flip % bytes.length;
      const changed = bytes.map((byte, index) => (index === at ? byte ^ (1 << (flip % 8)) : byte));
      const mismatch = { ok: false, reason: 'mismatch' };
      assert.deepEqual(verifyAgent({ secrets: [one, two], signature, body: changed }), mismatch);
      assert.deepEqual(verifyAgent({ secrets: [], signature, body: bytes }), mismatch);
    }),
    { numRuns: 150 },
  );
});

test('two invalid UTF-8 bodies that decode to the same text have different signatures', () => {
  assert.notEqual(sign('a secret', Uint8Array.of(0xff)), sign('a secret', Uint8Array.of(0xfe)));
});

test('missing and misspelt signatures are refused', () => {
  const body = new TextEncoder().encode('{}');
  const good = sign('a secret of some length', body);
  const reasonOf = (signature: string | undefined) => {
    const verdict = verifyAgent({ secrets: ['a secret of some length'], signature, body });
    return verdict.ok ? 'ok' : verdict.reason;
  };
  assert.equal(reasonOf(good), 'ok');
  assert.equal(reasonOf(undefined), 'missing');
  assert.equal(reasonOf(''), 'missing');
  const misspelt = [good.toUpperCase(), `sha256=${good}`, good.slice(1), `${good}0`, `${good}\n`];
  for (const text of [...misspelt, `${good}, ${good}`, 'zz'.repeat(32)]) {
    assert.equal(reasonOf(text), 'malformed', text);
  }
  assert.throws(() => verifyAgent({ secrets: [''], signature: good, body }), TypeError);
});
