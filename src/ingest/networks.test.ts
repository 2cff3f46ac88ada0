import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressGroup, clientAddress } from './client-address.ts';
import { parseNetworks } from './networks.ts';

describe('networks', () => {
  test('addresses and networks of both families are told apart from their neighbours', () => {
    const networks = parseNetworks(['203.0.113.0/24', '198.51.100.7', '2001:db8::/32', '::1']);
    for (const inside of [
      '203.0.113.0',
      '203.0.113.255',
      '198.51.100.7',
      '2001:db8:ffff::1',
      '::1',
      '::ffff:203.0.113.9',
    ]) {
      assert.ok(networks.includes(inside), inside);
    }
    for (const outside of ['203.0.114.0', '198.51.100.8', '2001:db9::1', '::2', '127.0.0.1']) {
      assert.equal(networks.includes(outside), false, outside);
    }
  });

  test('no text that merely resembles an address is inside of anything', () => {
    const everything = parseNetworks(['0.0.0.0/0', '::/0']);
    assert.ok(everything.includes('8.8.8.8') && everything.includes('2001::1'));
    const odd = ['', 'localhost', '127.1', '0x7f.0.0.1', '017.0.0.1', '1.2.3.4.5', '1.2.3.256'];
    for (const text of [...odd, '2130706433', 'fe80::1%eth0', ' 1.2.3.4', '1.2.3.4/32']) {
      assert.equal(everything.includes(text), false, text);
    }
  });

  test('a wrong entry is named, with what is wrong', () => {
    const wrong: readonly [string, RegExp][] = [
      ['example.com', /"example.com" is neither an IP address nor a network/],
      ['10.0.0.0/33', /between \/0 and \/32/],
      ['10.0.0.1/8', /starts at 10\.0\.0\.0/],
      ['10.0.0.0/8/8', /neither/],
      ['10.0.0.0/', /between/],
      ['2001:db8::1/32', /starts at 2001:db8::/],
      ['::ffff:10.0.0.0/104', /between/],
      ['', /neither/],
    ];
    for (const [entry, message] of wrong) {
      assert.throws(() => parseNetworks([entry]), { name: 'TypeError', message }, entry);
    }
  });
});

describe('the address of the sender', () => {
  const trusted = parseNetworks(['10.0.0.0/8', 'fd00::/8']);

  test('without trusted proxies the header means nothing', () => {
    assert.equal(clientAddress('192.0.2.1', '203.0.113.7', null), '192.0.2.1');
    assert.equal(clientAddress('::ffff:192.0.2.1', '203.0.113.7', null), '192.0.2.1');
  });

  test('of a peer that is no trusted proxy the header means nothing', () => {
    assert.equal(clientAddress('192.0.2.1', '203.0.113.7', trusted), '192.0.2.1');
  });

  test('behind trusted proxies it is the nearest hop that is none of them', () => {
    const from = (forwarded: string | undefined) => clientAddress('10.1.1.1', forwarded, trusted);
    assert.equal(from('203.0.113.7'), '203.0.113.7');
    assert.equal(from('198.51.100.1, 203.0.113.7, 10.2.2.2'), '203.0.113.7');
    assert.equal(from('203.0.113.7:4711'), '203.0.113.7');
    assert.equal(from('[2001:db8::1]:4711,fd00::2'), '2001:db8::1');
    assert.equal(from('::ffff:203.0.113.7'), '203.0.113.7');
    assert.equal(from('10.3.3.3, 10.2.2.2'), '10.3.3.3');
    assert.equal(from(undefined), '10.1.1.1');
  });

  test('what can not be read ends the search at the last hop that is known', () => {
    const from = (forwarded: string) => clientAddress('10.1.1.1', forwarded, trusted);
    assert.equal(from('203.0.113.7, unknown'), '10.1.1.1');
    assert.equal(from('203.0.113.7, , 10.2.2.2'), '10.2.2.2');
    assert.equal(from(''), '10.1.1.1');
    const endless = Array.from({ length: 10_000 }, () => '10.2.2.2').join(',');
    assert.equal(from(`203.0.113.7,${endless}`), '10.2.2.2');
  });

  test('the addresses of one IPv6 network count as one', () => {
    assert.equal(addressGroup('192.0.2.1'), '192.0.2.1');
    assert.equal(addressGroup('2001:db8:1:2:3::4'), addressGroup('2001:db8:1:2:ffff::1'));
    assert.notEqual(addressGroup('2001:db8:1:2::'), addressGroup('2001:db8:1:3::'));
  });
});
