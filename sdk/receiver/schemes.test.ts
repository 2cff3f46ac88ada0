/** Which of several signatures decides, and those under a header of the sender's choice. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { TEST_NOW_MS, TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import type { SignedRequest } from '../contract/signed-request.ts';
import { createReceiver } from './receiver.ts';
import type { ReceiverOptions } from './receiver.ts';

const OLD_SECRET = 'an older secret of mine';
const NOW = TEST_NOW_MS / 1000;
const STRIPE = { scheme: 'stripe', header: 'Acme-Signature' } as const;
const GITHUB = { scheme: 'github', header: 'X-Acme-Signature-256' } as const;

async function verdict(request: SignedRequest, options: ReceiverOptions = {}): Promise<string> {
  const secret = options.secrets === undefined ? { secret: TEST_SECRET } : {};
  const receiver = createReceiver({ clock, ...secret, ...options });
  const { headers, body } = request;
  const reply = await receiver.handle({ headers, readBody: async () => body });
  const { reason } = JSON.parse(reply.body);
  return `${reply.status} ${reason ?? 'taken'}`;
}

/** An event with these headers and no signature but them. */
function unsigned(headers: Record<string, string>): SignedRequest {
  const request = signedEvent('evt_1', { schemes: [] });
  return { ...request, headers: { ...request.headers, ...headers } };
}

function hex(text: string, secret: string): string {
  const { body } = signedEvent('evt_1');
  return createHmac('sha256', secret).update(text).update(body).digest('hex');
}

test('x-agent-signature-2 is enough while the receiver knows the old secret alone', async () => {
  const headers = {
    'x-agent-signature': hex('', 'the secret that replaced it'),
    'x-agent-signature-2': hex('', OLD_SECRET),
  };
  const options = { secret: OLD_SECRET };
  assert.equal(await verdict(unsigned(headers), options), '200 taken');
  const swapped = {
    'x-agent-signature': headers['x-agent-signature-2'],
    'x-agent-signature-2': headers['x-agent-signature'],
  };
  assert.equal(await verdict(unsigned(swapped), options), '200 taken');
  const { 'x-agent-signature-2': old, ...newest } = headers;
  assert.equal(await verdict(unsigned(newest), options), '403 wrong_signature');
  assert.equal(await verdict(unsigned({ 'x-agent-signature-2': old }), options), '200 taken');
  assert.equal(
    await verdict(unsigned(headers), { secret: 'of somebody else' }),
    '403 wrong_signature',
  );
});

test("Stripe's and GitHub's flavours are verified under the sender's header", async () => {
  const stripe = { 'acme-signature': `t=${NOW},v1=${hex(`${NOW}.`, TEST_SECRET)}` };
  assert.equal(await verdict(unsigned(stripe), { schemes: [STRIPE] }), '200 taken');
  const github = { 'x-acme-signature-256': `sha256=${hex('', TEST_SECRET)}` };
  assert.equal(await verdict(unsigned(github), { schemes: [GITHUB] }), '200 taken');
  assert.equal(await verdict(unsigned(github), { schemes: [STRIPE] }), '400 missing_signature');
  assert.equal(await verdict(unsigned(stripe)), '400 missing_signature');
  const old = { 'acme-signature': `t=${NOW - 301},v1=${hex(`${NOW - 301}.`, TEST_SECRET)}` };
  assert.equal(await verdict(unsigned(old), { schemes: [STRIPE] }), '403 stale_timestamp');
});

test('in a rotation Stripe repeats v1, and a header of one signature has a sister', async () => {
  const options = (secret: string) => ({ secret, schemes: [STRIPE, GITHUB] });
  const v1 = (secret: string) => `v1=${hex(`${NOW}.`, secret)}`;
  const stripe = { 'acme-signature': `t=${NOW},${v1(TEST_SECRET)},${v1(OLD_SECRET)}` };
  const github = {
    'x-acme-signature-256': `sha256=${hex('', TEST_SECRET)}`,
    'x-acme-signature-256-2': `sha256=${hex('', OLD_SECRET)}`,
  };
  for (const secret of [TEST_SECRET, OLD_SECRET]) {
    for (const headers of [stripe, github]) {
      assert.equal(await verdict(unsigned(headers), options(secret)), '200 taken');
    }
  }
  for (const headers of [stripe, github]) {
    const other = options('a secret of somebody else');
    assert.equal(await verdict(unsigned(headers), other), '403 wrong_signature');
  }
});

test('of several signatures the one that covers most decides, however listed', async () => {
  const good = signedEvent('evt_1');
  const stripe = `t=${NOW},v1=${hex(`${NOW}.`, TEST_SECRET)}`;
  const github = `sha256=${hex('', TEST_SECRET)}`;
  const all = { 'acme-signature': stripe, 'x-acme-signature-256': github, ...good.headers };
  const ranked = ['webhook-signature', 'acme-signature', 'x-acme-signature-256'];
  const schemes = ['agent', GITHUB, 'standard', STRIPE] as const;
  assert.equal(await verdict({ ...good, headers: all }, { schemes }), '200 taken');
  for (const [at, name] of ranked.entries()) {
    const headers = Object.fromEntries(
      Object.entries(all).filter(([other]) => !ranked.slice(0, at).includes(other)),
    );
    const forged = { ...good, headers: { ...headers, [name]: 'v1,AAAA' } };
    assert.equal(await verdict(forged, { schemes }), '403 wrong_signature', name);
  }
});
