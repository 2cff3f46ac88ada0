import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { classifyAddress, IPV4_DENIED, IPV6_DENIED, METADATA_ADDRESSES } from './address-table.ts';
import { parseIPv4 } from './ip-address.ts';

const BAD = `
  0.0.0.0 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255
  127.0.0.1 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1
  172.31.255.255 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1
  192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255
  240.0.0.1 255.255.255.255
  :: ::1 ::2 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:7f00:1
  64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:0:53aa:64c::1
  2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1
  2620:4f:8000::1 3fff::1 3fff:fff:ffff::1 5f00::1 fc00::1 fd00:ec2::254 fd20:ce::254 fe80::1
  fec0::1 ff02::1 4000::1 2a00:1450::5efe:7f00:1 2a00:1450::200:5efe:7f00:1
  2001:470::5efe:127.0.0.1`;

const GOOD = `
  1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
  168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0
  192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0
  223.255.255.255
  2001:200:: 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9:: 2003:: 2606:4700::1111 2620:4f:7fff::
  2620:4f:8001:: 2a00:1450::5eff:7f00:1 2a00:1450:0:0:100:5efe:7f00:1 3ffe:ffff:: 3fff:1000::`;

const NOT_ADDRESSES = [
  '',
  'localhost',
  '127.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '2130706433',
  '08.8.8.8',
  '8.8.8.8.',
  '8.8.8',
  '8.8.8.8.8',
  '8..8.8',
  '256.8.8.8',
  ' 8.8.8.8',
  '8.8.8.8\n',
  '[::1]',
  '2600::1%eth0',
  '2600:::1',
  '2600::12345',
  '１.1.1.1',
];

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}

function isAllowed(ip: string): boolean {
  return classifyAddress(ip).allowed;
}

test('refuses special, private and IPv4-embedding addresses', () => {
  const bad = words(BAD);
  assert.ok(bad.length >= 56, `only ${bad.length} addresses`);
  assert.deepEqual(bad.filter(isAllowed), []);
});

test('allows public addresses and the neighbours of refused blocks', () => {
  const good = words(GOOD);
  assert.ok(good.length >= 26, `only ${good.length} addresses`);
  assert.deepEqual(
    good.filter((ip) => !isAllowed(ip)),
    [],
  );
});

test('refuses what is not the strict text of an address', () => {
  assert.deepEqual(NOT_ADDRESSES.filter(isAllowed), []);
});

test('refuses every metadata address', () => {
  assert.deepEqual(METADATA_ADDRESSES.filter(isAllowed), []);
});

test('names the reason', () => {
  assert.deepEqual(classifyAddress('127.0.0.1'), { allowed: false, why: 'loopback' });
});

test('refuses any address inside a refused block', () => {
  for (const [cidr, why] of [...IPV4_DENIED, ...IPV6_DENIED]) {
    fc.assert(
      fc.property(addressIn(cidr), (ip) => {
        assert.equal(isAllowed(ip), false, `${ip} in ${cidr} (${why})`);
      }),
      { numRuns: 50, examples: [[edge(cidr, 0)], [edge(cidr, 0xff)]] },
    );
  }
});

test('refuses any IPv6 address outside 2000::/3', () => {
  const outside = fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .filter((bytes) => ((bytes[0] ?? 0) & 0xe0) !== 0x20);
  fc.assert(fc.property(outside, (bytes) => !isAllowed(text([...bytes]))));
});

test('allows an IPv4 address exactly when it is in no refused block', () => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(bytes, (octets) => {
      const address = ipaddr.fromByteArray([...octets]);
      const inBlock = IPV4_DENIED.some(([cidr]) => address.match(ipaddr.parseCIDR(cidr)));
      assert.equal(isAllowed(address.toString()), !inBlock);
    }),
  );
});

test('reads IPv4 exactly where Node does', () => {
  const digits = fc.string({ unit: fc.constantFrom('0', '1', '2', '9', '.', '..', '25', '255') });
  const octets = fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((n) => n.join('.'));
  fc.assert(
    fc.property(fc.oneof(digits, octets), (candidate) => {
      assert.equal(parseIPv4(candidate) !== null, isIPv4(candidate), candidate);
    }),
    { numRuns: 200 },
  );
});

/** First (`fill` 0) or last (`fill` 0xff) address of a block. */
function edge(cidr: string, fill: number): string {
  const [network, prefix] = ipaddr.parseCIDR(cidr);
  const bytes = network.toByteArray();
  return text(bytes.map((byte, index) => mix(byte, fill, prefix - index * 8)));
}

function addressIn(cidr: string): fc.Arbitrary<string> {
  const [network, prefix] = ipaddr.parseCIDR(cidr);
  const bytes = network.toByteArray();
  return fc
    .uint8Array({ minLength: bytes.length, maxLength: bytes.length })
    .map((random) => text(bytes.map((b, i) => mix(b, random[i] ?? 0, prefix - i * 8))));
}

/** The first `fixedBits` bits of one byte and the rest of another. */
function mix(fixed: number, free: number, fixedBits: number): number {
  const mask = 0xff >> Math.min(8, Math.max(0, fixedBits));
  return (fixed & ~mask) | (free & mask);
}

function text(bytes: number[]): string {
  return ipaddr.fromByteArray(bytes).toString();
}
