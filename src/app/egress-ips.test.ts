import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiWorld } from '../api/testing/api-world.ts';
import { ConfigError, loadConfig } from './config.ts';
import { parseEgressIps } from './egress-ips.ts';

test('addresses and networks are shown in one spelling', () => {
  assert.deepEqual(parseEgressIps(''), []);
  assert.deepEqual(parseEgressIps(' 203.0.113.7 ,198.51.100.0/24,2001:DB8:0::/48,::1,'), [
    '203.0.113.7',
    '198.51.100.0/24',
    '2001:db8::/48',
    '::1',
  ]);
});

test('what is none is refused at the start, with its name', () => {
  const wrong = {
    '203.0.113': /"203.0.113" is neither/,
    '203.0.113.7,example.com': /"example.com" is neither/,
    '203.0.113.7:443': /is neither/,
    '010.0.0.1': /is neither/,
    '203.0.113.7/33': /between \/1 and \/32/,
    '203.0.113.7/0': /between \/1 and \/32/,
    '2001:db8::/129': /between \/1 and \/128/,
    '203.0.113.7/24': /starts at 203\.0\.113\.0/,
    '203.0.113.0/24/2': /is neither/,
  };
  for (const [text, reason] of Object.entries(wrong)) {
    assert.throws(() => parseEgressIps(text), reason, text);
    assert.throws(
      () => loadConfig({ flags: {}, env: { BELLWIRE_EGRESS_IPS: text } }),
      (error) => error instanceof ConfigError && /BELLWIRE_EGRESS_IPS/.test(error.message),
    );
  }
});

test('receivers read them without a key, and may keep them for a while', async () => {
  const world = await openApiWorld({ egressIps: parseEgressIps('203.0.113.7,2001:db8::/48') });
  try {
    const reply = await world.anonymous('GET /v1/egress-ips');
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.json, { data: ['203.0.113.7', '2001:db8::/48'] });
    assert.equal(reply.headers.get('cache-control'), 'public, max-age=300');
  } finally {
    await world.close();
  }
});
