import assert from 'node:assert/strict';
import { createHmac, verify } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { deliveryId, eventId } from '../../domain/ids.ts';
import { liveSecret, type Subscription } from '../../domain/subscription.ts';
import { verifyAgent } from '../../protocol/schemes/agent.ts';
import { verifyStandard } from '../../protocol/schemes/standard.ts';
import {
  ed25519PublicKey,
  generateSecret,
  generateSigningKeyPair,
} from '../../protocol/secrets.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';
import type { AttemptJob } from '../destination.ts';
import { prepareWebhook, webhookHeaders } from './plan.ts';

const USER_AGENT = 'Bellwire/0.1';
const PLAIN = 'a plain secret of the publisher';
const KEY_BYTES = Buffer.alloc(32, 9);
const WHSEC = generateSecret(KEY_BYTES);
const BODY = Buffer.from('{"webhook_id":"evt","data":{"text":"schön ✓"}}');
const STARTED_AT = START_AT + 1_999;
const STARTED_SECONDS = Math.floor(STARTED_AT / 1_000);

function subscription(overrides: Partial<Subscription> = {}): Subscription {
  return {
    ...webhookSettings(),
    number: 3,
    id: 'sub_3',
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret(WHSEC)],
    ...overrides,
  };
}

function job(overrides: Partial<AttemptJob> = {}): AttemptJob {
  return {
    subscription: subscription(),
    eventId: eventId(START_AT, 7),
    sequence: 7,
    createdAt: START_AT,
    body: BODY,
    eventType: 'task.completed',
    orderingKey: null,
    attemptNumber: 1,
    startedAt: STARTED_AT,
    ...overrides,
  };
}

/** The headers of a try by name; refuses a name that is given twice. */
function headersOf(attempt: AttemptJob): Record<string, string | undefined> {
  const flat = webhookHeaders(
    prepareWebhook(attempt.subscription, USER_AGENT, attempt.startedAt),
    attempt,
  );
  const headers: Record<string, string | undefined> = {};
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at] ?? '';
    assert.equal(headers[name], undefined, `${name} is given once`);
    headers[name] = flat[at + 1];
  }
  return headers;
}

function headersFor(overrides: Partial<Subscription>): Record<string, string | undefined> {
  return headersOf(job({ subscription: subscription(overrides) }));
}

/** Standard Webhooks by the book, without our own signing code. */
function expectedV1(key: string | Uint8Array): string {
  const signed = Buffer.concat([Buffer.from(`${eventId(START_AT, 7)}.${STARTED_SECONDS}.`), BODY]);
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

function standardVerdict(headers: Record<string, string | undefined>, secrets: readonly string[]) {
  return verifyStandard({
    secrets,
    id: headers['webhook-id'],
    timestamp: headers['webhook-timestamp'],
    signatureHeader: headers['webhook-signature'],
    body: BODY,
    nowSeconds: STARTED_SECONDS,
  });
}

test('a try carries every header a receiver is promised', () => {
  const { traceparent, 'accept-encoding': encoding, ...headers } = headersOf(job());
  assert.deepEqual(headers, {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    'webhook-id': eventId(START_AT, 7),
    'webhook-timestamp': String(STARTED_SECONDS),
    'webhook-signature': expectedV1(KEY_BYTES),
    'x-agent-signature': createHmac('sha256', WHSEC).update(BODY).digest('hex'),
    'bellwire-delivery-id': deliveryId(START_AT, 7, 3),
    'bellwire-attempt': '1',
  });
  assert.ok(traceparent !== undefined);
  assert.equal(encoding, 'identity');
});

test('both signatures pass the verification that receivers run', () => {
  for (const secret of [WHSEC, PLAIN]) {
    const headers = headersFor({ secrets: [liveSecret(secret)] });
    assert.deepEqual(standardVerdict(headers, [secret]), { ok: true });
    const signature = headers['x-agent-signature'];
    assert.deepEqual(verifyAgent({ secrets: [secret], signature, body: BODY }), { ok: true });
    assert.equal(standardVerdict(headers, [`${secret.slice(0, -8)}AAAAAAA=`]).ok, false);
  }
});

test('a plain secret signs with its UTF-8 bytes', () => {
  const headers = headersFor({ secrets: [liveSecret(PLAIN)] });
  assert.equal(headers['webhook-signature'], expectedV1(PLAIN));
  assert.equal(
    headers['x-agent-signature'],
    createHmac('sha256', PLAIN).update(BODY).digest('hex'),
  );
});

test('every live secret gives a v1 signature; the newest one the agent signature', () => {
  const headers = headersFor({ secrets: [PLAIN, WHSEC].map(liveSecret) });
  assert.equal(headers['webhook-signature'], `${expectedV1(PLAIN)} ${expectedV1(KEY_BYTES)}`);
  for (const secret of [PLAIN, WHSEC]) {
    assert.deepEqual(standardVerdict(headers, [secret]), { ok: true });
  }
  assert.equal(
    headers['x-agent-signature'],
    createHmac('sha256', PLAIN).update(BODY).digest('hex'),
  );
});

test('ed25519 gives a v1a signature that the public key verifies, and no v1', () => {
  const pair = generateSigningKeyPair(Buffer.alloc(32, 5));
  const headers = headersFor({ signing: 'ed25519', secrets: [pair.secret, PLAIN].map(liveSecret) });
  const header = headers['webhook-signature'] ?? '';
  assert.match(header, /^v1a,[A-Za-z0-9+/]{86}==$/);
  const signed = Buffer.concat([Buffer.from(`${eventId(START_AT, 7)}.${STARTED_SECONDS}.`), BODY]);
  const signature = Buffer.from(header.slice('v1a,'.length), 'base64');
  assert.equal(verify(null, signed, ed25519PublicKey(pair.publicKey), signature), true);
  assert.deepEqual(standardVerdict(headers, [pair.publicKey]), { ok: true });
  const agent = createHmac('sha256', PLAIN).update(BODY).digest('hex');
  assert.equal(headers['x-agent-signature'], agent, 'the shared secret, never the private key');
});

test('of two ed25519 keys both sign', () => {
  const pairs = [1, 2].map((seed) => generateSigningKeyPair(Buffer.alloc(32, seed)));
  const headers = headersFor({
    signing: 'ed25519',
    secrets: pairs.map((pair) => liveSecret(pair.secret)),
  });
  for (const { publicKey } of pairs) {
    assert.deepEqual(standardVerdict(headers, [publicKey]), { ok: true });
  }
  assert.equal(headers['x-agent-signature'], undefined, 'nothing to sign it with');
});

test('each signature scheme can be turned off', () => {
  const present = (headers: Record<string, string | undefined>) =>
    ['webhook-signature', 'x-agent-signature'].filter((name) => headers[name] !== undefined);
  assert.deepEqual(present(headersFor({ signatures: ['standard'] })), ['webhook-signature']);
  assert.deepEqual(present(headersFor({ signatures: ['agent'] })), ['x-agent-signature']);
  assert.deepEqual(present(headersFor({ signatures: [] })), []);
});

test('custom headers are sent as they were given', () => {
  const headers = headersFor({ headers: { 'x-team': 'a b', authorization: 'Bearer t' } });
  assert.equal(headers['x-team'], 'a b');
  assert.equal(headers['authorization'], 'Bearer t');
});

test('a later try differs in time, number, span and signature alone', () => {
  const first = headersOf(job());
  const second = headersOf(job({ attemptNumber: 2, startedAt: STARTED_AT + 5_000 }));
  const changed = Object.keys(first).filter((name) => first[name] !== second[name]);
  assert.deepEqual(changed.toSorted(), [
    'bellwire-attempt',
    'traceparent',
    'webhook-signature',
    'webhook-timestamp',
  ]);
  assert.equal(second['bellwire-attempt'], '2');
  assert.equal(second['webhook-timestamp'], String(STARTED_SECONDS + 5));
});

test('the same job gives the same headers', () => {
  assert.deepEqual(headersOf(job()), headersOf(job()));
});

/** W3C Trace Context, level 1: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

function trace(overrides: Partial<AttemptJob>): { trace: string; span: string } {
  const match = TRACEPARENT.exec(headersOf(job(overrides))['traceparent'] ?? '');
  const [, traceId = '', span = ''] = match ?? [];
  return { trace: traceId, span };
}

const positions = fc.record({
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  createdAt: fc.integer({ min: 0, max: Date.UTC(2200, 0) }),
  startedAt: fc.integer({ min: 0, max: Date.UTC(2200, 0) }),
  attemptNumber: fc.integer({ min: 1, max: 2 ** 15 - 1 }),
});

test('traceparent is valid for every try', () => {
  fc.assert(
    fc.property(positions, (position) => {
      const { trace: traceId, span } = trace(position);
      assert.match(traceId, /[1-9a-f]/, 'a trace id of zeros is invalid');
      assert.match(span, /[1-9a-f]/, 'a span id of zeros is invalid');
    }),
  );
});

test('tries of one delivery share a trace, each with a span of its own', () => {
  fc.assert(
    fc.property(positions, fc.nat(100_000), (position, laterMs) => {
      const first = trace(position);
      const next = trace({
        ...position,
        attemptNumber: position.attemptNumber + 1,
        startedAt: position.startedAt + laterMs,
      });
      assert.equal(next.trace, first.trace);
      assert.notEqual(next.span, first.span);
    }),
  );
});

test('deliveries of one event to two subscriptions are two traces', () => {
  const other = subscription({ number: 4 });
  assert.notEqual(trace({ subscription: other }).trace, trace({}).trace);
  assert.notEqual(trace({ sequence: 8 }).trace, trace({}).trace);
});
