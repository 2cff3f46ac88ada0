/**
 * What every adapter must do, over real HTTP where the framework speaks it. An adapter is done when
 * `receiverContract` passes with a harness that mounts it the way its documentation says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import { createReceiver } from '../receiver/receiver.ts';
import type { Receiver, ReceiverOptions } from '../receiver/receiver.ts';
import {
  TEST_NOW_MS,
  TEST_SECRET,
  clock,
  eventBody,
  signed,
  signedEvent,
} from './signed-request.ts';
import { signal } from './signal.ts';
import { utf8 } from './signed-request.ts';
import type { SignedRequest } from './signed-request.ts';

export interface OutgoingRequest {
  readonly headers: Record<string, string>;
  /** A stream is sent without a content-length. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
}

export interface MountedReceiver {
  /** POSTs to the mounted receiver. */
  readonly send: (request: OutgoingRequest) => Promise<Response>;
  readonly close: () => Promise<void>;
}

export interface ReceiverHarness {
  readonly name: string;
  mount(receiver: Receiver): Promise<MountedReceiver>;
}

export interface Setup {
  readonly receiver: Receiver;
  readonly handled: WebhookEvent[];
  /** Status and JSON body. */
  readonly send: (
    request: OutgoingRequest,
  ) => Promise<{ status: number; reply: Record<string, unknown> }>;
}

const MAX_BODY_BYTES = 64 * 1024;

async function withReceiver(
  harness: ReceiverHarness,
  options: ReceiverOptions,
  run: (setup: Setup) => Promise<void>,
): Promise<void> {
  const handled: WebhookEvent[] = [];
  const receiver = createReceiver({
    secret: TEST_SECRET,
    clock,
    maxBodyBytes: MAX_BODY_BYTES,
    on: { '**': (event) => handled.push(event) },
    ...options,
  });
  const mounted = await harness.mount(receiver);
  const send: Setup['send'] = async (request) => {
    const response = await mounted.send(request);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    const reply: unknown = await response.json();
    assert.ok(typeof reply === 'object' && reply !== null);
    return { status: response.status, reply: { ...reply } };
  };
  try {
    await run({ receiver, handled, send });
    await receiver.drain();
  } finally {
    await mounted.close();
  }
}

interface Case {
  readonly says: string;
  readonly options?: () => ReceiverOptions;
  readonly run: (setup: Setup) => Promise<void>;
}

/** A request that must be refused, and leave no trace. */
function refuses(
  says: string,
  request: () => OutgoingRequest,
  status: number,
  reason: string,
): Case {
  return {
    says,
    async run({ receiver, handled, send }) {
      const answer = await send(request());
      assert.deepEqual([answer.status, answer.reply.reason], [status, reason]);
      assert.equal(typeof answer.reply.detail, 'string');
      await receiver.drain();
      assert.deepEqual(handled, []);
    },
  };
}

function without(request: SignedRequest, ...names: string[]): SignedRequest {
  const headers = Object.entries(request.headers).filter(([name]) => !names.includes(name));
  return { ...request, headers: Object.fromEntries(headers) };
}

function tampered(request: SignedRequest): SignedRequest {
  const body = Uint8Array.from(request.body);
  body[body.length - 2] = (body.at(-2) ?? 0) ^ 1;
  return { ...request, body };
}

function streamed(request: SignedRequest): OutgoingRequest {
  return { headers: request.headers, body: new Blob([request.body]).stream() };
}

const oversized = () => signed('evt_1', eventBody('evt_1', `"${'x'.repeat(MAX_BODY_BYTES)}"`));
const invalidUtf8 = () => eventBody('evt_1', '"?"').map((byte) => (byte === 0x3f ? 0xff : byte));
const stale = { timestampSeconds: TEST_NOW_MS / 1000 - 301 };
const agentOnly = { schemes: ['agent'] as const };

const refusalCases: readonly Case[] = [
  refuses(
    'no signature',
    () => without(signedEvent('evt_1'), 'webhook-signature', 'x-agent-signature'),
    400,
    'missing_signature',
  ),
  refuses(
    'standard signature without its timestamp',
    () => without(signedEvent('evt_1'), 'webhook-timestamp'),
    400,
    'missing_signature',
  ),
  refuses(
    'signature by another secret',
    () => signedEvent('evt_1', { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
    403,
    'wrong_signature',
  ),
  refuses(
    'agent signature by another secret',
    () => signedEvent('evt_1', { secret: 'quite another secret', ...agentOnly }),
    403,
    'wrong_signature',
  ),
  refuses(
    'wrong standard signature beside a right agent signature: no downgrade',
    () => ({
      ...signedEvent('evt_1'),
      headers: { ...signedEvent('evt_1').headers, 'webhook-signature': 'v1,AAAA' },
    }),
    403,
    'wrong_signature',
  ),
  refuses('old timestamp', () => signedEvent('evt_1', stale), 403, 'stale_timestamp'),
  refuses('tampered body', () => tampered(signedEvent('evt_1')), 403, 'wrong_signature'),
  refuses(
    'tampered body under the agent signature',
    () => tampered(signedEvent('evt_1', agentOnly)),
    403,
    'wrong_signature',
  ),
  refuses('signed text that is not JSON', () => signed('e', utf8('{"a":')), 400, 'not_json'),
  refuses('signed empty body', () => signed('e', utf8('')), 400, 'not_json'),
  refuses(
    'challenge with another signature',
    () => tampered(signed('c', utf8('{"type":"bellwire.challenge","challenge":"x"}'))),
    403,
    'wrong_signature',
  ),
  refuses(
    'challenge without a token',
    () => signed('c', utf8('{"type":"bellwire.challenge","challenge":""}')),
    400,
    'not_an_event',
  ),
  refuses('signed JSON that is no event', () => signed('e', utf8('[]')), 400, 'not_an_event'),
  refuses('signed invalid UTF-8', () => signed('evt_1', invalidUtf8()), 400, 'not_utf8'),
  refuses(
    'invalid UTF-8 under the signature of other invalid UTF-8',
    () => ({
      ...signed('evt_1', invalidUtf8()),
      body: invalidUtf8().map((byte) => (byte === 0xff ? 0xfe : byte)),
    }),
    403,
    'wrong_signature',
  ),
  refuses('body over the limit', oversized, 413, 'body_too_large'),
  refuses(
    'body over the limit of unknown length',
    () => streamed(oversized()),
    413,
    'body_too_large',
  ),
];

const acceptCases: readonly Case[] = [
  {
    says: 'a good request is answered 200 and its handler gets the event',
    async run({ receiver, handled, send }) {
      const answer = await send(signedEvent('evt_1'));
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.reply, { webhook_id: 'evt_1', duplicate: false });
      await receiver.drain();
      assert.deepEqual(handled, [JSON.parse(new TextDecoder().decode(eventBody('evt_1')))]);
    },
  },
  {
    says: 'either signature is enough, so are chunked bodies and any content type',
    async run({ receiver, handled, send }) {
      const types = { 'content-type': 'application/vnd.unheard-of' };
      const unusual = signedEvent('evt_3');
      const requests = [
        signedEvent('evt_1', { schemes: ['standard'] }),
        streamed(signedEvent('evt_2', agentOnly)),
        { ...unusual, headers: { ...unusual.headers, ...types } },
      ];
      for (const request of requests) {
        assert.equal((await send(request)).status, 200);
      }
      await receiver.drain();
      assert.deepEqual(
        handled.map((event) => event.webhook_id),
        ['evt_1', 'evt_2', 'evt_3'],
      );
    },
  },
  {
    says: 'a signed challenge is answered with its token, and no handler runs',
    async run({ receiver, handled, send }) {
      const challenge = { type: 'bellwire.challenge', challenge: 'a-random-token' };
      const answer = await send(signed('challenge_1', utf8(JSON.stringify(challenge))));
      assert.deepEqual([answer.status, answer.reply], [200, { challenge: 'a-random-token' }]);
      await receiver.drain();
      assert.deepEqual(handled, []);
    },
  },
  {
    says: 'a duplicate is answered 200 and its handler does not run again',
    async run({ receiver, handled, send }) {
      await send(signedEvent('evt_1'));
      const again = await send(signedEvent('evt_1', { schemes: ['agent'] }));
      assert.deepEqual([again.status, again.reply.duplicate], [200, true]);
      await receiver.drain();
      assert.equal(handled.length, 1);
    },
  },
];

/** Cases whose queue or handler is a part of the story. */
function timingCases(): readonly Case[] {
  const handlerMayEnd = signal();
  const finished: string[] = [];
  let refusing = true;
  const taken: string[] = [];
  const queue = {
    async push(event: WebhookEvent) {
      if (refusing) throw new Error('full');
      taken.push(event.webhook_id);
    },
  };
  return [
    {
      says: 'the answer comes before the handler has finished',
      options: () => ({
        on: {
          'task.*': (event) => handlerMayEnd.given.then(() => finished.push(event.webhook_id)),
        },
      }),
      async run({ receiver, send }) {
        assert.equal((await send(signedEvent('evt_1'))).status, 200);
        assert.deepEqual(finished, []);
        handlerMayEnd.give();
        await receiver.drain();
        assert.deepEqual(finished, ['evt_1']);
      },
    },
    {
      says: 'a refusing queue is answered 503, and the retry is taken, not called a duplicate',
      options: () => ({ queue }),
      async run({ send }) {
        const answer = await send(signedEvent('evt_1'));
        assert.deepEqual([answer.status, answer.reply.reason], [503, 'queue_refused']);
        refusing = false;
        const retry = await send(signedEvent('evt_1'));
        assert.deepEqual([retry.status, retry.reply.duplicate], [200, false]);
        assert.deepEqual(taken, ['evt_1']);
      },
    },
  ];
}

/** Registers the suite for one adapter. */
export function receiverContract(harness: ReceiverHarness): void {
  for (const { says, options, run } of [...acceptCases, ...timingCases(), ...refusalCases]) {
    test(`${harness.name}: ${says}`, () => withReceiver(harness, options?.() ?? {}, run));
  }
}
