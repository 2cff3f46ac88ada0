import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSigningKeyPair } from '../../src/protocol/secrets.ts';
import { ed25519PrivateKey, signStandardEd25519 } from '../../src/protocol/schemes/standard.ts';
import { signal } from '../contract/signal.ts';
import { TEST_NOW_MS, TEST_SECRET, clock, signedEvent } from '../contract/signed-request.ts';
import type { SignedRequest } from '../contract/signed-request.ts';
import type { Claim, Dedupe } from './dedupe.ts';
import { memoryDedupe } from './memory-dedupe.ts';
import { memoryQueue } from './memory-queue.ts';
import { createReceiver } from './receiver.ts';
import type { Receiver, ReceiverOptions } from './receiver.ts';
import { REFUSALS } from './replies.ts';

const setup = (options: ReceiverOptions = {}) =>
  createReceiver({ clock, ...(options.secrets ? {} : { secret: TEST_SECRET }), ...options });

async function send(receiver: Receiver, request: SignedRequest): Promise<[number, string]> {
  const { headers, body } = request;
  const reply = await receiver.handle({ headers, readBody: async () => body });
  const { reason, duplicate } = JSON.parse(reply.body);
  return [reply.status, reason ?? (duplicate ? 'duplicate' : 'new')];
}

test('a request whose id another one is waiting with at the queue shares its fate', async () => {
  const gate = signal();
  let refuse = true;
  const queue = {
    async push() {
      await gate.given;
      if (refuse) throw new Error('full');
    },
  };
  const receiver = setup({ queue });
  const first = send(receiver, signedEvent('evt_1'));
  const second = send(receiver, signedEvent('evt_1'));
  gate.give();
  assert.deepEqual(await first, [503, 'queue_refused']);
  assert.deepEqual(await second, [503, 'queue_refused']);
  refuse = false;
  const both = [send(receiver, signedEvent('evt_1')), send(receiver, signedEvent('evt_1'))];
  assert.deepEqual(await Promise.all(both), [
    [200, 'new'],
    [200, 'duplicate'],
  ]);
});

test('the id is claimed, then confirmed; a refused one is released', async () => {
  const steps: string[] = [];
  const dedupe: Dedupe = {
    async claim(id) {
      steps.push(`claim ${id}`);
      return 'new';
    },
    async confirm(id) {
      steps.push(`confirm ${id}`);
    },
    async release(id) {
      steps.push(`release ${id}`);
    },
  };
  const queue = {
    async push({ webhook_id }: { webhook_id: string }) {
      steps.push(`push ${webhook_id}`);
      if (webhook_id === 'evt_2') throw new Error('full');
    },
  };
  const receiver = setup({ dedupe, queue });
  await send(receiver, signedEvent('evt_1'));
  await send(receiver, signedEvent('evt_2'));
  const first = ['claim evt_1', 'push evt_1', 'confirm evt_1'];
  assert.deepEqual(steps, [...first, 'claim evt_2', 'push evt_2', 'release evt_2']);
});

function fails(): Promise<never> {
  return Promise.reject(new Error('connection lost'));
}

function claims(claim: Claim): () => Promise<Claim> {
  return async () => claim;
}

test('a broken dedupe is 503; one that breaks after the push does not undo a 200', async () => {
  const warned: string[] = [];
  const logger = {
    warn(_facts: object, message: string) {
      warned.push(message);
    },
  };
  const at = (dedupe: Dedupe) => send(setup({ dedupe, logger }), signedEvent('evt_1'));
  assert.deepEqual(await at({ claim: fails, release: fails }), [503, 'dedupe_unavailable']);
  assert.deepEqual(await at({ claim: claims('pending'), release: fails }), [503, 'in_progress']);
  assert.deepEqual(await at({ claim: claims('duplicate'), release: fails }), [200, 'duplicate']);
  const late = { claim: claims('new'), confirm: fails, release: fails };
  assert.deepEqual(await at(late), [200, 'new']);
  assert.equal(warned.at(-1), 'dedupe failed to confirm an event id');
});

test('a 503 says when to come again', async () => {
  const queue = { push: () => Promise.reject(new Error('full')) };
  const { headers, body } = signedEvent('evt_1');
  const reply = await setup({ queue }).handle({ headers, readBody: async () => body });
  assert.equal(reply.headers['retry-after'], '5');
});

test('a request without a signature is refused before its body is read', async () => {
  const reply = await setup().handle({
    headers: { 'content-length': '7' },
    readBody: () => assert.fail('the body was read'),
  });
  assert.equal(reply.status, 400);
});

test('with the standard scheme alone, a request stripped of it is unsigned', async () => {
  const receiver = setup({ schemes: ['standard'] });
  const stripped = signedEvent('evt_1', { schemes: ['agent'] });
  assert.deepEqual(await send(receiver, stripped), [400, 'missing_signature']);
  assert.deepEqual(await send(receiver, signedEvent('evt_1')), [200, 'new']);
});

test('during a rotation the old and the new secret are both good', async () => {
  const secrets = ['an older secret of mine', TEST_SECRET];
  const receiver = setup({ secrets });
  for (const [at, secret] of secrets.entries()) {
    assert.deepEqual(await send(receiver, signedEvent(`evt_${at}`, { secret })), [200, 'new']);
  }
  const other = signedEvent('evt_9', { secret: 'a secret of someone else' });
  assert.deepEqual(await send(receiver, other), [403, 'wrong_signature']);
});

test('ed25519: a public key verifies v1a, and its text is no HMAC secret', async () => {
  const pair = generateSigningKeyPair(new Uint8Array(32));
  const receiver = setup({ secrets: [pair.publicKey] });
  const { headers, body } = signedEvent('evt_1', { schemes: [] });
  const key = ed25519PrivateKey(pair.secret);
  const signature = signStandardEd25519(key, 'evt_1', TEST_NOW_MS / 1000, body);
  const asymmetric = { headers: { ...headers, 'webhook-signature': signature }, body };
  assert.deepEqual(await send(receiver, asymmetric), [200, 'new']);
  const forged = signedEvent('evt_2', { secret: pair.publicKey, schemes: ['agent'] });
  assert.deepEqual(await send(receiver, forged), [403, 'wrong_signature']);
});

test('the tolerance can be set, and holds both ways', async () => {
  const receiver = setup({ toleranceSeconds: 10 });
  const at = (offset: number) =>
    send(receiver, signedEvent('evt_1', { timestampSeconds: TEST_NOW_MS / 1000 + offset }));
  assert.deepEqual(await at(-11), [403, 'stale_timestamp']);
  assert.deepEqual(await at(11), [403, 'future_timestamp']);
  assert.deepEqual(await at(-10), [200, 'new']);
});

test('when the queue gives up, onError gets error and event', async () => {
  const told: unknown[] = [];
  const receiver = setup({
    queue: memoryQueue({ clock, retryDelaysMs: [] }),
    on: { 'task.*': () => Promise.reject(new Error('boom')) },
    onError: (error, event) => told.push([String(error), event.webhook_id]),
  });
  assert.deepEqual(await send(receiver, signedEvent('evt_1')), [200, 'new']);
  await receiver.drain();
  assert.deepEqual(told, [['Error: boom', 'evt_1']]);
});

test('an event from an external queue is processed by the same handlers', async () => {
  const seen: string[] = [];
  const receiver = setup({
    queue: { push: async () => {} },
    on: { '**': (event) => seen.push(event.webhook_id) },
  });
  const data = { webhook_id: 'evt_1', event_type: 'a.b', timestamp: '', data: {} };
  await receiver.process(data);
  await receiver.drain();
  assert.deepEqual(seen, ['evt_1']);
});

test('mistakes in the options are told at once', () => {
  const wrong: ReceiverOptions[] = [
    {},
    { secret: '' },
    { secrets: [] },
    { secret: 'one secret of mine', secrets: ['two'] },
    { secret: 'whsec_not base64' },
    { secret: TEST_SECRET, schemes: [] },
    { secret: TEST_SECRET, on: { 'task.': () => {} } },
  ];
  for (const options of wrong) {
    assert.throws(() => createReceiver(options), TypeError, JSON.stringify(options));
  }
});

test('a dedupe shared by two receivers makes an event new to one of them', async () => {
  const dedupe = memoryDedupe({ clock });
  const one = await send(setup({ dedupe }), signedEvent('evt_1'));
  const two = await send(setup({ dedupe }), signedEvent('evt_1'));
  assert.deepEqual([one, two].map(String), ['200,new', '200,duplicate']);
});

test('every refusal has a status and a whole sentence', () => {
  for (const [reason, [status, detail]] of Object.entries(REFUSALS)) {
    assert.match(reason, /^[a-z0-9_]+$/);
    assert.ok([400, 401, 403, 405, 413, 415, 500, 503].includes(status));
    assert.match(detail, /^[A-Z].*\.$/);
  }
});
