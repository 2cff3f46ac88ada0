import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { manualClock } from '../../contract/manual-clock.ts';
import { githubRequest, twilioRequest } from '../../contract/provider-requests.ts';
import { bytes, json, providerSetup } from '../../contract/provider-setup.ts';
import type { ProviderSetup } from '../../contract/provider-setup.ts';
import { TEST_NOW_MS } from '../../contract/signed-request.ts';

test('behind a proxy publicUrl is what the provider signed', async () => {
  const options = { scheme: 'twilio', publicUrl: 'https://hooks.example.com/' };
  const { send } = providerSetup(options);
  const request = twilioRequest('https://hooks.example.com/in?x=1', { MessageSid: 'SM1' });
  const inside = { ...request, url: 'http://10.0.0.7:3000/in?x=1' };
  assert.equal((await send(inside)).status, 200);
  assert.equal((await providerSetup({ scheme: 'twilio' }).send(inside)).status, 401);
});

test('published keys come through fetch, once for many requests', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: '1', use: 'sig', alg: 'EdDSA' };
  const asked: string[] = [];
  const time = manualClock(TEST_NOW_MS);
  const { send } = providerSetup({
    scheme: 'fal',
    secrets: [],
    clock: time,
    async fetch(url, { redirect }) {
      asked.push(`${url} ${redirect}`);
      return asked.length === 1
        ? new Response('no', { status: 500 })
        : Response.json({ keys: [jwk] });
    },
  });
  const request = (id: string, text = '{"request_id":"r"}') => {
    const at = String(Math.floor(time.now() / 1000));
    const hash = createHash('sha256').update(text).digest('hex');
    const signed = Buffer.from(`${id}\nuser\n${at}\n${hash}`);
    return json(text, {
      'x-fal-webhook-request-id': id,
      'x-fal-webhook-user-id': 'user',
      'x-fal-webhook-timestamp': at,
      'x-fal-webhook-signature': sign(null, signed, privateKey).toString('hex'),
    });
  };
  assert.equal((await send(request('r-0'))).status, 503);
  assert.equal((await send(request('r-0'))).status, 503);
  assert.equal(asked.length, 1, 'a failure is remembered for a moment');
  time.advance(5_000);
  for (const id of ['r-1', 'r-2', 'r-3']) assert.equal((await send(request(id))).status, 200);
  const forged = { ...request('r-4'), body: bytes('{}') };
  for (let count = 0; count < 3; count += 1) assert.equal((await send(forged)).status, 401);
  assert.deepEqual(asked.length, 2, 'forgeries do not make it ask again');
  time.advance(11 * 60_000);
  assert.equal((await send(request('r-5'))).status, 200);
  assert.deepEqual(asked, Array(3).fill('https://rest.fal.ai/.well-known/jwks.json manual'));
});

test('a secret that is handed over is kept, and verifies from then on', async () => {
  const kept: string[] = [];
  const handed = 'handed-over-secret-1234';
  const onSecret = (secret: string, provider: string) => kept.push(`${provider} ${secret}`);
  const { send } = providerSetup({ scheme: 'asana', secrets: [], onSecret });
  const early = await send(json('{"events":[]}', { 'x-hook-signature': '0'.repeat(64) }));
  assert.equal(early.status, 401);
  const { status, headers } = await hello(send, handed);
  assert.deepEqual([status, headers['x-hook-secret']], [200, handed]);
  assert.deepEqual(kept, [`asana ${handed}`]);
  assert.equal((await hello(send, 'another-secret-5678')).status, 403);
  const failing = () => Promise.reject(new Error('the vault is shut'));
  const unlucky = providerSetup({ scheme: 'asana', secrets: [], onSecret: failing });
  assert.equal((await hello(unlucky.send, handed)).status, 503);
  assert.throws(() => providerSetup({ scheme: 'asana', secrets: [] }), TypeError);
});

test('a queue or dedupe that never answers is 503 when the time is up', async () => {
  const time = manualClock(TEST_NOW_MS);
  const never = new Promise<never>(() => {});
  const queue = { push: () => never };
  const { send } = providerSetup({ scheme: 'github', clock: time, queue, storeTimeoutMs: 50 });
  const reply = send(githubRequest('push', 'd-1', '{}'));
  while (time.waiting === 0) await settled();
  // The claim has its timer first, then the push.
  await settled();
  time.advance(50);
  assert.equal((await reply).status, 503);
});

function hello(send: ProviderSetup['send'], secret: string) {
  return send({ headers: { 'x-hook-secret': secret }, body: bytes('') });
}

/** Lets every promise that can go on go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
