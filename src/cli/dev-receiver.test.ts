import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { loadConfig } from '../app/config.ts';
import { HmacSha256Key } from '../protocol/hmac.ts';
import { signStandard } from '../protocol/schemes/standard.ts';
import { generateSecret, standardKey } from '../protocol/secrets.ts';
import { systemClock } from '../runtime/system.ts';
import { devBanner } from './dev-banner.ts';
import { startDevReceiver } from './dev-receiver.ts';

const SECRET = generateSecret(Buffer.alloc(32, 3));
const KEPT_ARRIVALS = 20;

async function setup(t: TestContext, port = 0) {
  const printed: string[] = [];
  t.mock.method(console, 'log', (line: unknown) => printed.push(String(line)));
  const receiver = await startDevReceiver({ port, secret: SECRET });
  t.after(() => receiver.stop());
  const post = (id: string, value: object, secret = SECRET) => {
    const body = Buffer.from(JSON.stringify(value));
    const seconds = Math.floor(systemClock.now() / 1_000);
    const key = new HmacSha256Key(standardKey(secret));
    return fetch(receiver.url, {
      method: 'POST',
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signStandard(key, id, seconds, body),
      },
      body,
    });
  };
  const deliver = (id: string, secret = SECRET) =>
    post(id, { webhook_id: id, event_type: 'task.completed' }, secret);
  const arrivals = async () => {
    const list = (await (await fetch(receiver.url)).json()) as {
      readonly signature: string;
      readonly headers: Readonly<Record<string, string>>;
    }[];
    return list.map(({ signature, headers }) => `${headers['webhook-id']} ${signature}`);
  };
  return { receiver, printed, post, deliver, arrivals };
}

test('a signed delivery is taken, printed and shown', async (t) => {
  const { deliver, arrivals, printed } = await setup(t);
  assert.equal((await deliver('evt_1')).status, 200);
  assert.deepEqual(await arrivals(), ['evt_1 valid']);
  assert.deepEqual(printed, ['<- task.completed evt_1 (signature valid)']);
});

test('a delivery with a wrong signature, or none, is refused and shown as such', async (t) => {
  const { receiver, deliver, arrivals } = await setup(t);
  assert.equal((await deliver('evt_1', generateSecret(Buffer.alloc(32, 4)))).status, 403);
  const unsigned = await fetch(receiver.url, { method: 'POST', body: 'not json' });
  assert.equal(unsigned.status, 403);
  assert.deepEqual(await arrivals(), ['undefined missing', 'evt_1 mismatch']);
});

test('a challenge is answered when its signature is right', async (t) => {
  const { post } = await setup(t);
  const challenge = { type: 'bellwire.challenge', challenge: 'a-token' };
  assert.deepEqual(await (await post('c_1', challenge)).json(), {
    signature: 'valid',
    challenge: 'a-token',
  });
  const stranger = await post('c_1', challenge, generateSecret(Buffer.alloc(32, 4)));
  assert.deepEqual(await stranger.json(), { signature: 'mismatch' });
});

test('the latest arrivals are shown first, and a bounded number of them', async (t) => {
  const { deliver, arrivals } = await setup(t);
  for (let count = 1; count <= KEPT_ARRIVALS + 2; count += 1) await deliver(`evt_${count}`);
  const shown = await arrivals();
  assert.equal(shown.length, KEPT_ARRIVALS);
  assert.deepEqual([shown.at(0), shown.at(-1)], ['evt_22 valid', 'evt_3 valid']);
});

test('the wanted port is used when it is free', async (t) => {
  const { receiver } = await setup(t);
  await receiver.stop();
  const again = await startDevReceiver({ port: Number(new URL(receiver.url).port), secret: '' });
  t.after(() => again.stop());
  assert.equal(again.url, receiver.url);
});

test('a taken port is replaced by a free one', async (t) => {
  const { receiver } = await setup(t);
  const second = await startDevReceiver({ port: Number(new URL(receiver.url).port), secret: '' });
  t.after(() => second.stop());
  assert.notEqual(second.url, receiver.url);
});

test('the banner names the address, the key, what is allowed, and three commands', async (t) => {
  const { receiver } = await setup(t);
  const allow_targets = '127.0.0.0/8:*';
  const config = loadConfig({ flags: { allow_targets }, env: {} });
  const url = 'http://127.0.0.1:8420';
  const adminKey = 'bw_an_admin_key';
  const banner = devBanner({ url, adminKey, receiver, config });
  for (const text of [url, adminKey, allow_targets, config.data, receiver.url]) {
    assert.ok(banner.includes(text), text);
  }
  const commands = banner.split('\n').filter((line) => line.startsWith('curl '));
  assert.deepEqual(
    commands.map((line) => line.split(' ')[1]),
    [`${url}/v1/webhooks/subscriptions`, `${url}/v1/events`, receiver.url],
  );
});
