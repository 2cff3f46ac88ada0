import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bellwire } from './bellwire.ts';
import { fakeApi } from './fake-api.ts';

/** What is asked of the API by these calls, as `METHOD path body`. */
async function asked(call: (bellwire: Bellwire) => Promise<unknown>): Promise<string[]> {
  const api = await fakeApi(() => ({ json: { data: [{ id: 'x' }], next_cursor: null } }));
  try {
    await call(new Bellwire({ baseUrl: api.baseUrl, apiKey: 'bw_key' }));
    return api.asked.map(({ method, url, body }) => `${method} ${url} ${body}`.trim());
  } finally {
    await api.close();
  }
}

test('sources are made, read, changed, paused and deleted where the API has them', async () => {
  const calls = await asked(async ({ sources }) => {
    await sources.create({ provider: 'github', secret: 's' });
    await sources.get('src_1');
    for await (const { id } of sources.list({ limit: 5 })) assert.equal(id, 'x');
    await sources.update('src_1', { name: null });
    await sources.pause('src_1');
    await sources.resume('src_1');
    await sources.rotateSecret('src_1', { secret: 't', overlap_seconds: 60 });
    await sources.renewUrl('src_1');
    await sources.delete('src_1');
  });
  assert.deepEqual(calls, [
    'POST /v1/sources {"provider":"github","secret":"s"}',
    'GET /v1/sources/src_1',
    'GET /v1/sources?limit=5',
    'PATCH /v1/sources/src_1 {"name":null}',
    'POST /v1/sources/src_1/pause',
    'POST /v1/sources/src_1/resume',
    'POST /v1/sources/src_1/rotate-secret {"secret":"t","overlap_seconds":60}',
    'POST /v1/sources/src_1/renew-url',
    'DELETE /v1/sources/src_1',
  ]);
});

test('the catalogue and the calls to sources are lists to loop over', async () => {
  const calls = await asked(async ({ providers, inboundRequests }) => {
    await providers.get('github');
    for await (const { id } of providers.list()) assert.equal(id, 'x');
    for await (const { id } of inboundRequests.list({ source_id: 'src_1', status: 'rejected' })) {
      await inboundRequests.get(id);
    }
  });
  assert.deepEqual(calls, [
    'GET /v1/providers/github',
    'GET /v1/providers',
    'GET /v1/inbound-requests?source_id=src_1&status=rejected',
    'GET /v1/inbound-requests/x',
  ]);
});
