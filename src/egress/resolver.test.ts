import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { EgressError } from './egress-error.ts';
import {
  DNS_CACHE_MAX_MS,
  DNS_FAILURE_CACHE_MS,
  MAX_DNS_ANSWERS,
  MAX_DNS_CONCURRENCY,
} from './limits.ts';
import { createDnsResolver } from './resolver.ts';
import { realClock } from './testing/clocks.ts';
import { startDns } from './testing/dns-server.ts';
import type { DnsAnswer } from './testing/dns-server.ts';

async function setup(t: TestContext, answer: (name: string) => DnsAnswer | null | 'silence') {
  const server = await startDns(t, answer);
  let skippedMs = 0;
  const clock = { ...realClock, monotonic: () => realClock.monotonic() + skippedMs };
  const resolver = createDnsResolver({ clock, servers: [server.address], timeoutMs: 300 });
  return { server, resolver, skip: (ms: number) => (skippedMs += ms) };
}

function isDnsFailure(detail: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof EgressError && error.reason === 'dns' && detail.test(error.message);
}

test('gives the addresses of both families, IPv4 first', async (t) => {
  const { resolver } = await setup(t, () => ({
    addresses: ['2606:4700::1', '1.1.1.1', '1.0.0.1'],
  }));
  assert.deepEqual(await resolver.resolve('a.example.com'), ['1.1.1.1', '1.0.0.1', '2606:4700::1']);
});

test('one family is enough', async (t) => {
  const { resolver } = await setup(t, () => ({ addresses: ['2606:4700::1'] }));
  assert.deepEqual(await resolver.resolve('a.example.com'), ['2606:4700::1']);
});

test('shares and keeps an answer for its lifetime, at most a minute', async (t) => {
  const { server, resolver, skip } = await setup(t, () => ({
    addresses: ['1.1.1.1'],
    ttlSeconds: 86_400,
  }));
  await Promise.all([resolver.resolve('a.example.com'), resolver.resolve('a.example.com')]);
  await resolver.resolve('a.example.com');
  assert.equal(server.asked.length, 2);
  skip(DNS_CACHE_MAX_MS + 1);
  await resolver.resolve('a.example.com');
  assert.equal(server.asked.length, 4);
});

test('a lifetime of zero is kept for a second, so that reconnects do not flood DNS', async (t) => {
  const { server, resolver, skip } = await setup(t, () => ({
    addresses: ['1.1.1.1'],
    ttlSeconds: 0,
  }));
  await resolver.resolve('a.example.com');
  await resolver.resolve('a.example.com');
  assert.equal(server.asked.length, 2);
  skip(1_001);
  await resolver.resolve('a.example.com');
  assert.equal(server.asked.length, 4);
});

test('a missing name fails, is remembered briefly and then asked again', async (t) => {
  let exists = false;
  const { server, resolver, skip } = await setup(t, () => {
    return exists ? { addresses: ['1.1.1.1'] } : null;
  });
  await assert.rejects(resolver.resolve('a.example.com'), isDnsFailure(/could not be resolved/));
  const asked = server.asked.length;
  await assert.rejects(resolver.resolve('a.example.com'), isDnsFailure(/could not be resolved/));
  assert.equal(server.asked.length, asked);
  exists = true;
  skip(DNS_FAILURE_CACHE_MS + 1);
  assert.deepEqual(await resolver.resolve('a.example.com'), ['1.1.1.1']);
});

test('a name without addresses fails', async (t) => {
  const { resolver } = await setup(t, () => ({ addresses: [] }));
  await assert.rejects(resolver.resolve('a.example.com'), isDnsFailure(/could not be resolved/));
});

test('a silent server fails at the timeout', async (t) => {
  const { resolver } = await setup(t, () => 'silence');
  await assert.rejects(resolver.resolve('a.example.com'), isDnsFailure(/within 300 ms/));
});

test('refuses a flood of addresses', async (t) => {
  const { resolver } = await setup(t, (name) => {
    const count = name === 'most.example.com' ? MAX_DNS_ANSWERS : MAX_DNS_ANSWERS + 1;
    return { addresses: Array.from({ length: count }, (_, index) => `1.1.1.${index}`) };
  });
  assert.equal((await resolver.resolve('most.example.com')).length, MAX_DNS_ANSWERS);
  await assert.rejects(resolver.resolve('flood.example.com'), isDnsFailure(/too many addresses/));
});

test('more names at once than places are resolved one after the other', async (t) => {
  const { resolver } = await setup(t, () => ({ addresses: ['1.1.1.1'] }));
  const names = Array.from({ length: 3 * MAX_DNS_CONCURRENCY }, (_, n) => `n${n}.example.com`);
  const answers = await Promise.all(names.map((name) => resolver.resolve(name)));
  assert.ok(answers.every(([address]) => address === '1.1.1.1'));
});
