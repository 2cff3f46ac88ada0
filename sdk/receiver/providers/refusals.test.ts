import assert from 'node:assert/strict';
import { test } from 'node:test';
import { githubRequest } from '../../contract/provider-requests.ts';
import type { ProviderRequest } from '../../contract/provider-requests.ts';
import { bytes, providerSetup } from '../../contract/provider-setup.ts';

const good = githubRequest('push', 'd-1', '{}');
const changed = (headers: Readonly<Record<string, string | undefined>>): ProviderRequest => ({
  ...good,
  headers: Object.fromEntries(
    Object.entries({ ...good.headers, ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  ),
});
const wrong = `sha256=${'0'.repeat(64)}`;
const table: Readonly<Record<string, [ProviderRequest, number, string]>> = {
  'no signature': [changed({ 'x-hub-signature-256': undefined }), 400, 'not_verified'],
  'a wrong signature': [changed({ 'x-hub-signature-256': wrong }), 401, 'not_verified'],
  'a misspelled signature': [changed({ 'x-hub-signature-256': 'x' }), 401, 'not_verified'],
  'another body': [{ ...good, body: bytes('{ }') }, 401, 'not_verified'],
  'JSON that is none': [githubRequest('push', 'd-1', '{'), 400, 'malformed_body'],
  'another content type': [
    changed({ 'content-type': 'text/html' }),
    415,
    'unsupported_content_type',
  ],
  compression: [changed({ 'content-encoding': 'gzip' }), 415, 'unsupported_encoding'],
  'a method that brings nothing': [{ ...good, method: 'DELETE' }, 405, 'method_not_allowed'],
};
for (const [name, [request, status, reason]] of Object.entries(table)) {
  test(name, async () => {
    const { events, send } = providerSetup({ scheme: 'github' });
    const reply = await send(request);
    assert.deepEqual([reply.status, JSON.parse(reply.body).reason], [status, reason]);
    assert.deepEqual(events, []);
  });
}

test('the body is the same however a signature failed; the log says why', async () => {
  const { warnings, send } = providerSetup({ scheme: 'github' });
  const bodies = new Set<string>();
  for (const header of [undefined, '', wrong, 'x']) {
    bodies.add((await send(changed({ 'x-hub-signature-256': header }))).body);
  }
  assert.equal(bodies.size, 1);
  assert.match(String(warnings[2]?.['detail']), /^wrong_signature: /);
  assert.equal(warnings[2]?.['provider'], 'github');
});
