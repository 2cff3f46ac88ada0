import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerEndpoint } from '../domain/broker-url.ts';
import { parseAllowTargets } from './allow-targets.ts';
import type { BlockedConnect } from './connector.ts';
import { fakeResolver, setupEgress } from './testing/setup.ts';

const RABBIT = { kind: 'rabbitmq', host: 'rabbit.example.com', port: 5671, tls: true } as const;

function endpoint(parts: Partial<BrokerEndpoint>): BrokerEndpoint {
  return { ...RABBIT, ...parts };
}

const WITHOUT_ENTRIES: readonly (readonly [Partial<BrokerEndpoint>, refusedAs: string | null])[] = [
  [{}, null],
  [{ port: 443 }, null],
  [{ port: 15_671 }, null],
  [{ host: '93.184.216.34' }, null],
  [{ tls: false, port: 5672 }, 'scheme_not_allowed'],
  [{ host: '93.184.216.34', tls: false, port: 5672 }, 'scheme_not_allowed'],
  [{ host: '127.0.0.1' }, 'address_not_allowed'],
  [{ host: '::ffff:10.0.0.1' }, 'address_not_allowed'],
  [{ host: '169.254.169.254' }, 'address_not_allowed'],
  [{ host: 'localhost' }, 'address_not_allowed'],
  [{ host: 'rabbitmq' }, 'host_not_allowed'],
  [{ host: 'metadata.google.internal' }, 'host_not_allowed'],
  [{ port: 25 }, 'port_not_allowed'],
  [{ port: 6379 }, 'port_not_allowed'],
  [{ kind: 'redis', port: 6379 }, null],
  [{ kind: 'nats', port: 5672 }, 'port_not_allowed'],
];

for (const [parts, code] of WITHOUT_ENTRIES) {
  const verdict = code === null ? 'may be dialled' : `is refused as ${code}`;
  test(`where nothing is opened, ${JSON.stringify(parts)} ${verdict}`, (t) => {
    const egress = setupEgress(t, { allowTargets: parseAllowTargets(''), allowHttp: false });
    assert.equal(egress.brokers.check(endpoint(parts))?.code ?? null, code);
  });
}

test('a name is resolved and every answer judged; one bad answer refuses all', async (t) => {
  const blocked: BlockedConnect[] = [];
  const resolver = fakeResolver({
    'rabbit.example.com': [
      ['93.184.216.34', '93.184.216.35'],
      ['93.184.216.34', '10.0.0.7'],
    ],
  });
  const allowTargets = parseAllowTargets('');
  const egress = setupEgress(t, { allowTargets, resolver, onBlocked: (one) => blocked.push(one) });
  const good = await egress.brokers.vet(RABBIT, null);
  assert.ok(good.ok);
  assert.deepEqual(good.addresses, ['93.184.216.34', '93.184.216.35']);
  assert.equal(good.tls?.servername, 'rabbit.example.com');
  assert.equal(good.tls?.rejectUnauthorized, true);
  const bad = await egress.brokers.vet(RABBIT, null);
  assert.deepEqual(bad, { ok: false, reason: 'blocked', detail: 'target address is not allowed' });
  assert.match(blocked[0]?.why ?? '', /10\.0\.0\.7: private network/);
});

test('names of the inside and no TLS lead only to addresses that are opened', async (t) => {
  const resolver = fakeResolver({
    rabbitmq: [['10.1.2.3'], ['10.9.9.9'], ['93.184.216.34']],
    'plain.example.com': [['93.184.216.34']],
  });
  const allowTargets = parseAllowTargets('10.1.2.0/24:5672');
  const egress = setupEgress(t, { allowTargets, resolver, allowHttp: false });
  const inside = endpoint({ host: 'rabbitmq', port: 5672, tls: false });
  assert.equal(egress.brokers.check(inside), null);
  const opened = await egress.brokers.vet(inside, null);
  assert.deepEqual(opened, { ok: true, addresses: ['10.1.2.3'], tls: null });
  for (const host of ['rabbitmq', 'rabbitmq', 'plain.example.com']) {
    const refused = await egress.brokers.vet({ ...inside, host }, null);
    assert.equal(!refused.ok && refused.reason, 'blocked');
  }
  const otherPort = await egress.brokers.vet(endpoint({ host: '10.1.2.3', port: 5671 }), null);
  assert.equal(!otherPort.ok && otherPort.reason, 'blocked');
});
