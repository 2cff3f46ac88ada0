import assert from 'node:assert/strict';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { verifierOptions } from '../../../testing/inbound.ts';
import { compileCode } from './index.ts';

test('a runtime that reads no certificates says so when the source is built', () => {
  const crypto: { X509Certificate: unknown } = createRequire(import.meta.url)('node:crypto');
  const whole = crypto.X509Certificate;
  const options = verifierOptions({ config: { webhook_id: 'x', topic_arn: 'x' } });
  const build = (name: 'sns' | 'paypal') =>
    compileCode({ kind: 'code', name, params: {} }, options);
  crypto.X509Certificate = undefined;
  syncBuiltinESMExports();
  try {
    for (const name of ['sns', 'paypal'] as const) {
      assert.throws(() => build(name), { name: 'TypeError', message: /X509Certificate.*Node\.js/ });
    }
  } finally {
    crypto.X509Certificate = whole;
    syncBuiltinESMExports();
  }
  assert.ok(build('sns'));
});
