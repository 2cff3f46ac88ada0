import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './config.ts';
import { PublicUrl } from './public-url.ts';

const config = (flags: Record<string, string>) => loadConfig({ flags, env: {} });
const address = (port: number) => ({ port, address: '127.0.0.1', family: 'IPv4' });

test('what is configured counts, without the slash at its end', () => {
  const url = new PublicUrl(config({ public_url: 'https://hooks.example.com/bellwire/' }));
  assert.equal(url.text, 'https://hooks.example.com/bellwire');
  assert.equal(url.listens('127.0.0.1', address(9_000)), 'http://127.0.0.1:9000');
  assert.equal(url.text, 'https://hooks.example.com/bellwire');
});

test('else it is where the server listens, once that is known', () => {
  const url = new PublicUrl(config({ host: '::1', port: '0' }));
  url.listens('::1', address(9_001));
  assert.equal(url.text, 'http://[::1]:9001');
  assert.equal(new PublicUrl(config({ port: '8500' })).text, 'http://127.0.0.1:8500');
});
