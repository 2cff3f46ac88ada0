import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NO_ALLOWED_TARGETS, parseAllowTargets } from './allow-targets.ts';
import { checkTargetUrl } from './target-url.ts';
import type { TargetPolicy } from './target-url.ts';

const PRODUCTION: TargetPolicy = { allowTargets: NO_ALLOWED_TARGETS, allowHttp: false };
const HTTP: TargetPolicy = { allowTargets: NO_ALLOWED_TARGETS, allowHttp: true };
const LOOPBACK: TargetPolicy = {
  allowTargets: parseAllowTargets('127.0.0.1/32:*,10.1.2.0/24:8443'),
  allowHttp: false,
};

function verdict(text: string, policy = PRODUCTION): string {
  const check = checkTargetUrl(text, policy);
  return check.ok ? check.url.href : check.code;
}

const ACCEPTED: readonly [text: string, href: string][] = [
  ['https://hooks.example.com/a?b=c', 'https://hooks.example.com/a?b=c'],
  ['https://hooks.example.com:8443/', 'https://hooks.example.com:8443/'],
  ['https://hooks.example.com:9000', 'https://hooks.example.com:9000/'],
  ['HTTPS://Hooks.EXAMPLE.com/#part', 'https://hooks.example.com/'],
  ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ['https://under_score.example.com./', 'https://under_score.example.com./'],
  ['https://good.com\\@127.0.0.1/', 'https://good.com/@127.0.0.1/'],
  ['https://8.8.8.8/', 'https://8.8.8.8/'],
  ['https://[2606:4700::1111]/', 'https://[2606:4700::1111]/'],
];

test('accepts public https targets and drops the fragment', () => {
  for (const [text, href] of ACCEPTED) assert.equal(verdict(text), href);
});

const REFUSED: Readonly<Record<string, string>> = {
  invalid_url: `not-a-url https:// https://a:b:c/ https://[fe80::1%25eth0]/ https://%00/
    https://127.0.0.256/ https://0o177.0.0.1/ https://a.com:1:2/ https://a.com:65536/`,
  scheme_not_allowed: `http://hooks.example.com/ ftp://a.com/ file:///etc/passwd FILE:/etc/passwd
    gopher://a.com/ unix:/run/x.sock http+unix://%2Frun%2Fx/ blob:https://a.com/1 data:,x
    javascript:1 ws://a.com/ http:127.0.0.1 http:\\\\127.0.0.1`,
  userinfo_not_allowed: `https://user@a.com/ https://user:pass@a.com/ https://:pass@a.com/
    https://a.com@127.0.0.1/`,
  port_not_allowed: `https://a.com:0/ https://a.com:22/ https://a.com:80/ https://a.com:1023/
    https://a.com:2375/ https://a.com:3306/ https://a.com:6379/ https://a.com:10250/
    https://a.com:27017/ https://8.8.8.8:25/`,
  address_not_allowed: `https://127.1/ https://2130706433/ https://0x7f000001/ https://0x7f.1/
    https://0177.0.0.1/ https://017700000001/ https://127.0.0.1./ https://127.0.0.1%2e/
    https://①②⑦.0.0.1/ https://１２７.0.0.1/ https://127。0。0。1/ https://%31%32%37.0.0.1/
    https://0/ https://127.0.0.1#@good.com https://10.0.0.1/ https://169.254.169.254/latest
    https://[::1]/ https://[::]/ https://[::127.0.0.1]/ https://[::ffff:127.0.0.1]/
    https://[0:0:0:0:0:ffff:a9fe:a9fe]/ https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/
    https://[fd00:ec2::254]/ https://[2001:470::5efe:7f00:1]/`,
  host_not_allowed: `https://localhost/ https://localhost./ https://LOCALHOST/ https://metadata/
    https://instance-data/ https://receiver/ https://metadata.google.internal/
    https://metadata.goog/ https://Metadata.Goog./ https://metadata.packet.net/
    https://metadata.tencentyun.com/ https://a.localhost/ https://a.local/ https://a.internal./
    https://a.lan/ https://a.home.arpa/ https://a.intranet/ https://a.corp/ https://a.home/
    https://a.onion/ https://1.0.0.127.in-addr.arpa/ https://127.0.0.1;google.com/
    https://a..example.com/ https://-a.example.com/ https://${'a'.repeat(64)}.com/
    https://${'a.'.repeat(127)}com/`,
};

test('refuses tricky hosts, schemes, ports and names, each under its code', () => {
  for (const [code, texts] of Object.entries(REFUSED)) {
    for (const text of texts.split(/\s+/)) assert.equal(verdict(text), code, text);
  }
});

test('refuses a URL that is too long as typed or as parsed', () => {
  assert.equal(verdict(`https://a.com/${'a'.repeat(2_048)}`), 'url_too_long');
  assert.equal(verdict(`https://a.com/${'ü'.repeat(1_000)}`), 'url_too_long');
});

test('control characters do not smuggle a scheme past the check', () => {
  assert.equal(verdict('ht\ntp://hooks.example.com/'), 'scheme_not_allowed');
  assert.equal(verdict('https://local\thost/'), 'host_not_allowed');
});

test('allowHttp opens plain http for public targets only', () => {
  assert.equal(verdict('http://hooks.example.com/', HTTP), 'http://hooks.example.com/');
  assert.equal(verdict('http://hooks.example.com:443/', HTTP), 'port_not_allowed');
  assert.equal(verdict('http://127.0.0.1/', HTTP), 'address_not_allowed');
  assert.equal(verdict('http://localhost/', HTTP), 'host_not_allowed');
});

test('an allow-listed literal overrides scheme and port rules, and only that literal', () => {
  assert.equal(verdict('http://127.0.0.1:22/', LOOPBACK), 'http://127.0.0.1:22/');
  assert.equal(verdict('http://2130706433:9000/', LOOPBACK), 'http://127.0.0.1:9000/');
  assert.equal(verdict('http://localhost:9000/', LOOPBACK), 'http://localhost:9000/');
  assert.equal(verdict('https://localhost/', LOOPBACK), 'https://localhost/');
  assert.equal(verdict('http://10.1.2.3:8443/', LOOPBACK), 'http://10.1.2.3:8443/');
  assert.equal(verdict('https://10.1.2.3:8444/', LOOPBACK), 'address_not_allowed');
  assert.equal(verdict('https://127.0.0.2/', LOOPBACK), 'address_not_allowed');
  assert.equal(verdict('https://[::ffff:127.0.0.1]/', LOOPBACK), 'address_not_allowed');
  assert.equal(verdict('http://[::1]:9000/', LOOPBACK), 'scheme_not_allowed');
  assert.equal(verdict('https://a.localhost/', LOOPBACK), 'host_not_allowed');
  assert.equal(verdict('http://hooks.example.com/', LOOPBACK), 'scheme_not_allowed');
});

test('any text gives an answer, and an accepted one is https without userinfo or fragment', () => {
  const pieces = 'https:// a.example.com @ : 8443 / # ? [ ] ::1 %'.split(' ');
  const texts = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const check = checkTargetUrl(text, PRODUCTION);
      if (!check.ok) return check.reason.length > 0;
      const { protocol, username, password, hash } = check.url;
      return protocol === 'https:' && username === '' && password === '' && hash === '';
    }),
    { numRuns: 200 },
  );
});
