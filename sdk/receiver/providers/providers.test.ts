import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { manualClock } from '../../contract/manual-clock.ts';
import { githubRequest, PROVIDER_SECRET, twilioRequest } from '../../contract/provider-requests.ts';
import type { ProviderRequest } from '../../contract/provider-requests.ts';
import { clock, signedEvent, TEST_NOW_MS, TEST_SECRET } from '../../contract/signed-request.ts';
import { createReceiver } from '../receiver.ts';
import type { Receiver, ReceiverOptions } from '../receiver.ts';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';

interface Setup {
  readonly receiver: Receiver;
  readonly events: WebhookEvent[];
  readonly warnings: Readonly<Record<string, unknown>>[];
  send(request: ProviderRequest): Promise<{ status: number; body: string }>;
}

function setup(options: ReceiverOptions): Setup {
  const events: WebhookEvent[] = [];
  const warnings: Readonly<Record<string, unknown>>[] = [];
  const receiver = createReceiver({
    clock,
    queue: { push: async (event) => void events.push(event) },
    logger: { warn: (facts) => warnings.push(facts) },
    ...(options.secrets === undefined && { secret: PROVIDER_SECRET }),
    ...options,
  });
  const send: Setup['send'] = ({ body, ...head }) =>
    receiver.handle({ ...head, readBody: async () => body });
  return { receiver, events, warnings, send };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const json = (text: string, headers = {}) => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: bytes(text),
});

describe('events', () => {
  test('one has the shape that the server would publish, and the label', async () => {
    const { events, send } = setup({ scheme: 'github' });
    const reply = await send(githubRequest('issues', 'd-1', '{"action":"opened","n":1}'));
    assert.deepEqual(reply, { status: 200, headers: {}, body: '' });
    const [{ webhook_id, ...event } = assert.fail()] = events;
    assert.match(webhook_id, /^evt_[0-9a-f]{32}$/);
    assert.deepEqual(event, {
      event_type: 'github.issues.opened',
      timestamp: new Date(TEST_NOW_MS).toISOString(),
      provider_event_id: 'd-1',
      trust: 'untrusted',
      data: { action: 'opened', n: 1 },
    });
  });

  test('a form shows its fields and its bytes', async () => {
    const { events, send } = setup({ scheme: 'github' });
    const text = 'payload=%7B%7D&a=1&a=2';
    await send(githubRequest('push', 'd-1', text, 'application/x-www-form-urlencoded'));
    assert.deepEqual(events[0]?.data, {
      content_type: 'application/x-www-form-urlencoded',
      body_base64: btoa(text),
      form: { payload: '{}', a: ['1', '2'] },
    });
  });

  test('a repeat is answered alike and handed on once; the id is the same after a restart', async () => {
    const one = setup({ scheme: 'github' });
    const request = githubRequest('push', 'd-1', '{}');
    for (let count = 0; count < 3; count += 1) assert.equal((await one.send(request)).status, 200);
    await one.send(githubRequest('push', 'd-2', '{}'));
    assert.equal(one.events.length, 2);
    const two = setup({ scheme: 'github' });
    await two.send(request);
    assert.equal(two.events[0]?.webhook_id, one.events[0]?.webhook_id);
    assert.notEqual(one.events[1]?.webhook_id, one.events[0]?.webhook_id);
  });

  test('config says type and id where the provider does not', async () => {
    const config = { event_type_from: 'json:kind', event_id_from: 'json:key' };
    const { events, send } = setup({ scheme: 'github', config });
    await send(githubRequest('push', 'd-1', '{"kind":"a.b","key":"k"}'));
    // The id stands in what is signed, so that it alone decides.
    await send(githubRequest('push', 'd-2', '{"kind":"other","key":"k"}'));
    assert.deepEqual(
      events.map(({ event_type }) => event_type),
      ['github.a.b'],
    );
    const fixed = setup({ scheme: 'github', config: { event_type: 'code.changed' } });
    await fixed.send(githubRequest('push', 'd-1', '{}'));
    assert.equal(fixed.events[0]?.event_type, 'code.changed');
  });

  test('a request without a body is told by its headers, without credentials', async () => {
    const { events, send } = setup({ scheme: 'none', secrets: [], allowUnsigned: true });
    await send({
      headers: {
        'x-goog-resource-state': 'exists',
        authorization: 'canary',
        'x-api-key': 'canary',
      },
      body: bytes(''),
    });
    assert.deepEqual(events[0]?.data, {
      headers: {
        'x-goog-resource-state': 'exists',
        authorization: '(hidden)',
        'x-api-key': '(hidden)',
      },
    });
  });

  test('a queue that refuses burns nothing', async () => {
    let isFull = true;
    const taken: string[] = [];
    const queue = {
      async push({ webhook_id }: WebhookEvent) {
        if (isFull) throw new Error('full');
        taken.push(webhook_id);
      },
    };
    const { send } = setup({ scheme: 'github', queue });
    const request = githubRequest('push', 'd-1', '{}');
    assert.equal((await send(request)).status, 503);
    isFull = false;
    assert.equal((await send(request)).status, 200);
    assert.equal(taken.length, 1);
  });
});

describe('refusals', () => {
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
      const { events, send } = setup({ scheme: 'github' });
      const reply = await send(request);
      assert.deepEqual([reply.status, JSON.parse(reply.body).reason], [status, reason]);
      assert.deepEqual(events, []);
    });
  }

  test('the body is the same however a signature failed; the log says why', async () => {
    const { warnings, send } = setup({ scheme: 'github' });
    const bodies = new Set<string>();
    for (const header of [undefined, '', wrong, 'x']) {
      bodies.add((await send(changed({ 'x-hub-signature-256': header }))).body);
    }
    assert.equal(bodies.size, 1);
    assert.match(String(warnings[2]?.['detail']), /^wrong_signature: /);
    assert.equal(warnings[2]?.['provider'], 'github');
  });
});

describe('what a provider is', () => {
  test('a scheme of your own, in the language of the server', async () => {
    const scheme = {
      kind: 'hmac',
      hash: 'sha256',
      key: 'text',
      content: '{body}',
      signature: {
        at: { headers: ['x-hub-signature-256'] },
        layout: { kind: 'single', prefix: 'sha256=' },
        encoding: 'hex',
      },
      timestamp: null,
    };
    const { events, send } = setup({ scheme });
    assert.equal((await send(githubRequest('push', 'd-1', '{}'))).status, 200);
    assert.equal(events[0]?.event_type, 'custom.event');
    const named = { provider: 'custom', config: { scheme, event_type: 'acme.happened' } };
    const own = setup({ scheme: named });
    await own.send(githubRequest('push', 'd-1', '{}'));
    assert.equal(own.events[0]?.event_type, 'acme.happened');
  });

  test('several at one URL, each with its secret, beside Bellwire’s own signatures', async () => {
    const { events, send } = setup({
      secret: TEST_SECRET,
      schemes: [
        'standard',
        { provider: 'github', secret: PROVIDER_SECRET },
        { provider: 'gitlab-token', secret: 'another-token-of-mine' },
      ],
    });
    const gitlab = { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': 'another-token-of-mine' };
    assert.equal((await send(githubRequest('push', 'd-1', '{}'))).status, 200);
    assert.equal((await send(json('{}', gitlab))).status, 200);
    assert.equal((await send(signedEvent('evt_1'))).status, 200);
    const stolen = { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': PROVIDER_SECRET };
    assert.equal((await send(json('{}', stolen))).status, 401);
    const unsigned = await send(json('{}'));
    assert.deepEqual([unsigned.status, JSON.parse(unsigned.body).reason], [400, 'not_verified']);
    assert.deepEqual(
      events.map(({ event_type }) => event_type),
      ['github.push', 'gitlab-token.Push_Hook', 'task.completed'],
    );
  });

  test('mistakes are told at once', () => {
    const wrong: readonly [ReceiverOptions, RegExp][] = [
      [{ scheme: 'gihub' }, /no provider "gihub".*/],
      [{ scheme: 'githup' }, /did you mean github\b/],
      [{ scheme: 'github', secrets: [] }, /secret/i],
      [{ scheme: 'github', schemes: ['stripe'] }, /either `scheme` or `schemes`/],
      [
        { scheme: 'github', config: { evnt_type: 'x' } },
        /config\.evnt_type is no setting of GitHub/,
      ],
      [{ scheme: 'github', config: { event_type_from: 'nowhere' } }, /no place in a request/],
      [{ scheme: 'none', secrets: [] }, /allowUnsigned: true/],
      [{ scheme: { provider: 'custom' } }, /config\.scheme/],
    ];
    for (const [options, message] of wrong) {
      assert.throws(() => setup(options), { name: 'TypeError', message }, JSON.stringify(options));
    }
  });
});

describe('what stands around it', () => {
  test('behind a proxy publicUrl is what the provider signed', async () => {
    const options = { scheme: 'twilio', publicUrl: 'https://hooks.example.com/' };
    const { send } = setup(options);
    const request = twilioRequest('https://hooks.example.com/in?x=1', { MessageSid: 'SM1' });
    const inside = { ...request, url: 'http://10.0.0.7:3000/in?x=1' };
    assert.equal((await send(inside)).status, 200);
    assert.equal((await setup({ scheme: 'twilio' }).send(inside)).status, 401);
  });

  test('published keys come through fetch, once for many requests', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: '1', use: 'sig', alg: 'EdDSA' };
    const asked: string[] = [];
    const time = manualClock(TEST_NOW_MS);
    const { send } = setup({
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
    const { send } = setup({ scheme: 'asana', secrets: [], onSecret });
    const early = await send(json('{"events":[]}', { 'x-hook-signature': '0'.repeat(64) }));
    assert.equal(early.status, 401);
    const { status, headers } = await hello(send, handed);
    assert.deepEqual([status, headers['x-hook-secret']], [200, handed]);
    assert.deepEqual(kept, [`asana ${handed}`]);
    assert.equal((await hello(send, 'another-secret-5678')).status, 403);
    const failing = () => Promise.reject(new Error('the vault is shut'));
    const unlucky = setup({ scheme: 'asana', secrets: [], onSecret: failing });
    assert.equal((await hello(unlucky.send, handed)).status, 503);
    assert.throws(() => setup({ scheme: 'asana', secrets: [] }), TypeError);
  });

  test('a queue or dedupe that never answers is 503 when the time is up', async () => {
    const time = manualClock(TEST_NOW_MS);
    const never = new Promise<never>(() => {});
    const queue = { push: () => never };
    const { send } = setup({ scheme: 'github', clock: time, queue, storeTimeoutMs: 50 });
    const reply = send(githubRequest('push', 'd-1', '{}'));
    while (time.waiting === 0 || !(await settled())) await settled();
    time.advance(50);
    assert.equal((await reply).status, 503);
  });
});

async function hello(send: Setup['send'], secret: string) {
  const reply = await send({ headers: { 'x-hook-secret': secret }, body: bytes('') });
  return { headers: {} as Readonly<Record<string, string>>, ...reply };
}

/** Lets every promise that can go on go on. */
function settled(): Promise<boolean> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(true));
  });
}
