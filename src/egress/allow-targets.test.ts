import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AllowTargetsError, parseAllowTargets } from './allow-targets.ts';

test('an empty list opens nothing', () => {
  assert.equal(parseAllowTargets('  ').allows('127.0.0.1', 80), false);
});

test('an entry opens its own addresses and port only', () => {
  const targets = parseAllowTargets('127.0.0.1/32:*, 10.1.2.0/24:8443,[::1]/128:9000');
  assert.deepEqual(targets.entries, ['127.0.0.1/32:*', '10.1.2.0/24:8443', '[::1]/128:9000']);
  const asked: readonly [string, number, boolean][] = [
    ['127.0.0.1', 1, true],
    ['127.0.0.2', 1, false],
    ['10.1.2.0', 8443, true],
    ['10.1.2.255', 8443, true],
    ['10.1.3.0', 8443, false],
    ['10.1.2.5', 8444, false],
    ['::1', 9000, true],
    ['0:0:0:0:0:0:0:1', 9000, true],
    ['::1', 9001, false],
    ['::2', 9000, false],
    ['::ffff:127.0.0.1', 1, false],
    ['localhost', 1, false],
  ];
  for (const [ip, port, expected] of asked) {
    assert.equal(targets.allows(ip, port), expected, `${ip} port ${port}`);
  }
});

test('metadata addresses need an entry of their own', () => {
  const wide = parseAllowTargets('169.254.0.0/16:*,[fd00::]/8:*,192.0.0.0/24:*');
  assert.equal(wide.allows('169.254.1.1', 80), true);
  assert.equal(wide.allows('fd12::1', 80), true);
  assert.equal(wide.allows('169.254.169.254', 80), false);
  assert.equal(wide.allows('fd00:ec2::254', 80), false);
  assert.equal(wide.allows('192.0.0.192', 80), false);
  const exact = parseAllowTargets('169.254.169.254/32:80,[fd00:ec2::254]/128:80');
  assert.equal(exact.allows('169.254.169.254', 80), true);
  assert.equal(exact.allows('fd00:ec2::254', 80), true);
});

const WRONG: readonly [entry: string, why: RegExp][] = [
  ['127.0.0.1', /with a prefix and a port/],
  ['127.0.0.1:80', /with a prefix and a port/],
  ['127.0.0.1/32', /with a prefix and a port/],
  ['::1/128:80', /with a prefix and a port/],
  ['localhost/32:*', /"localhost" is not an IPv4 address/],
  ['127.1/32:*', /"127.1" is not an IPv4 address/],
  ['[127.0.0.1]/32:*', /not an IPv6 address/],
  ['[fe80::1%eth0]/128:*', /not an IPv6 address/],
  ['0.0.0.0/0:*', /prefix must be between \/8 and \/32/],
  ['10.0.0.0/33:*', /prefix must be between/],
  ['[::]/0:*', /prefix must be between \/7 and \/128/],
  ['10.1.2.3/24:*', /starts at 10\.1\.2\.0/],
  ['[fd00::1]/64:*', /starts at fd00::/],
  ['10.0.0.0/8:0', /port must be between/],
  ['10.0.0.0/8:65536', /port must be between/],
  ['10.0.0.0/8:http', /with a prefix and a port/],
];

test('a wrong entry is named with what is wrong', () => {
  for (const [entry, why] of WRONG) {
    assert.throws(
      () => parseAllowTargets(`127.0.0.1/32:*,${entry}`),
      (error) => {
        assert.ok(error instanceof AllowTargetsError);
        assert.ok(error.message.includes(`"${entry}"`), error.message);
        assert.match(error.message, why);
        return true;
      },
    );
  }
});

test('an empty entry between commas is wrong', () => {
  assert.throws(() => parseAllowTargets('127.0.0.1/32:*,'), AllowTargetsError);
});
