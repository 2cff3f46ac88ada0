import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_STORED_HEADERS } from '../domain/limits-ingest.ts';
import { keptHeaders } from './kept-headers.ts';

function kept(raw: readonly string[], secrets: readonly string[] = []): Record<string, unknown> {
  const value: unknown = JSON.parse(keptHeaders(raw, secrets));
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value };
}

test('headers that are credentials are there and hidden, signatures are shown', () => {
  const names = ['Authorization', 'Cookie', 'X-Gitlab-Token', 'X-Api-Key', 'X-Vapi-Secret'];
  const raw = names.flatMap((name) => [name, 'canary']);
  const headers = kept([...raw, 'X-Hub-Signature-256', 'sha256=00', 'dg-token', 'canary']);
  for (const name of [...names, 'dg-token']) assert.equal(headers[name.toLowerCase()], '(hidden)');
  assert.equal(headers['x-hub-signature-256'], 'sha256=00');
});

test('a secret of the source is hidden under any name', () => {
  const headers = kept(['X-Custom', 'Key s3cr3t-value', 'X-Other', 'fine'], ['s3cr3t-value']);
  assert.deepEqual(headers, { 'x-custom': '(hidden)', 'x-other': 'fine' });
});

test('values and their number are bounded, and repeated ones are joined', () => {
  const many = Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'y'.repeat(5_000)]).flat();
  const headers = kept(many);
  assert.equal(Object.keys(headers).length, MAX_STORED_HEADERS);
  assert.ok(String(headers['x-0']).endsWith('…') && String(headers['x-0']).length === 512);
  assert.deepEqual(kept(['A', '1', 'a', '2']), { a: '1, 2' });
});

test('odd names are only names', () => {
  const headers = kept(['__proto__', 'polluted', 'constructor', 'x']);
  assert.equal(Object.getOwnPropertyDescriptor(headers, 'constructor')?.value, 'x');
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});
