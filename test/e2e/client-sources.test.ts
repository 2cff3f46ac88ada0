/** The SDK's client against a real server: a source, and what came of its requests. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { githubRequest, PROVIDER_SECRET } from '../../sdk/contract/provider-requests.ts';
import { startBellwire } from '../support/bellwire.ts';
import type { RunningBellwire } from '../support/bellwire.ts';

let bellwire: RunningBellwire;
before(async () => {
  bellwire = await startBellwire();
});
after(() => bellwire.stop());

test('a source is made, used, paused and deleted through the client', async () => {
  const { client } = bellwire;
  const { scheme, settings } = await client.providers.get('github');
  assert.deepEqual([scheme, settings], ['hmac', []]);
  const { id, url } = await client.sources.create({ provider: 'github', secret: PROVIDER_SECRET });
  const send = async (delivery: string, body?: Uint8Array<ArrayBuffer>) => {
    const request = githubRequest('push', delivery, '{"ref":"main"}');
    const init = { method: 'POST', headers: { ...request.headers }, body: body ?? request.body };
    return (await fetch(url ?? '', init)).status;
  };
  const statuses = [await send('d-1'), await send('d-1'), await send('d-2', new Uint8Array([1]))];
  assert.deepEqual(statuses, [200, 200, 401]);

  const [event] = (await client.events.list({ source_id: id }).page()).data;
  assert.deepEqual([event?.event_type, event?.provider_event_id], ['github.push', 'd-1']);
  const seen: string[] = [];
  for await (const request of client.inboundRequests.list({ source_id: id })) {
    seen.push(`${request.status} ${request.reason}`);
    assert.equal((await client.inboundRequests.get(request.id)).id, request.id);
  }
  assert.ok(seen.includes('accepted null'));

  assert.equal((await client.sources.pause(id)).status, 'paused');
  assert.equal(await send('d-3'), 503);
  assert.equal((await client.sources.resume(id)).status, 'active');
  const renewed = await client.sources.renewUrl(id);
  assert.notEqual(renewed.url, url);
  assert.equal(await send('d-4'), 404);
  const rotation = { secret: 'another-secret-of-mine', overlap_seconds: 60 };
  assert.equal((await client.sources.rotateSecret(id, rotation)).live_secrets, 2);
  await client.sources.delete(id);
  await assert.rejects(client.sources.get(id), { code: 'not_found' });
});
