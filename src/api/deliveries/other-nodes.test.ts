import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DeliveryStateError, type DeliveryControl } from '../../dispatch/delivery-control.ts';
import { grantWish, OwnedDeliveries } from '../../dispatch/owned-deliveries.ts';
import {
  OwnerUnreachableError,
  type DeliveryWish,
  type WishAnswer,
} from '../../storage/cluster.ts';
import { StorageError } from '../../storage/storage.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

let world: ApiWorld;
/** What the node that decides says; each test sets its own. */
let decide: (wish: DeliveryWish) => Promise<WishAnswer>;

before(async () => {
  const local: DeliveryControl = {
    resend: () => assert.fail('decided here'),
    cancel: () => assert.fail('decided here'),
    release: async () => {},
    isSending: () => false,
    waitsFor: () => undefined,
    lane: () => undefined,
  };
  const deliveries = new OwnedDeliveries({ decide: (wish) => decide(wish) }, local);
  world = await openApiWorld({ deliveries });
});
after(() => world.close());

/** A delivery that has been made. */
async function newDelivery(): Promise<string> {
  const call = world.as('acme');
  const json = { event_type: '**', target_url: 'https://receiver.test/hook' };
  await call('POST /v1/webhooks/subscriptions', { json });
  const { json: event } = await call('POST /v1/events', { json: { event_type: 'a' } });
  for (;;) {
    const { json: list } = await call(`GET /v1/events/${String(event['id'])}/deliveries`);
    const [first] = list['data'] as Record<string, unknown>[];
    if (first?.['status'] === 'delivered') return String(first['id']);
    await new Promise(setImmediate);
  }
}

test('a wish goes to the node that decides, and its answer to the caller', async () => {
  const id = await newDelivery();
  const wishes: DeliveryWish[] = [];
  decide = async (wish) => {
    wishes.push(wish);
    const delivery = {
      status: 'pending',
      attempts: 3,
      nextAttemptAt: 1_000,
      reason: null,
    } as const;
    return { kind: 'done', delivery };
  };
  const reply = await world.as('acme')(`POST /v1/deliveries/${id}/resend`);
  assert.equal(reply.status, 202, reply.text);
  assert.deepEqual([reply.json['id'], reply.json['attempts']], [id, 3]);
  assert.equal(wishes[0]?.wanted, 'resend');
});

test('a node that does not answer is a 503 that says what to expect', async () => {
  const id = await newDelivery();
  decide = async () => {
    throw new OwnerUnreachableError('It does not answer. Nothing was changed.');
  };
  const reply = await world.as('acme')(`POST /v1/deliveries/${id}/resend`);
  assert.equal(reply.status, 503, reply.text);
  assert.equal(reply.json['code'], 'owner_unreachable');
  assert.equal(reply.json['detail'], 'It does not answer. Nothing was changed.');
  assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
});

test('what the deciding node refuses is a 409, as if it had been decided here', async () => {
  const id = await newDelivery();
  decide = async () => ({ kind: 'refused', status: 'sending' });
  const reply = await world.as('acme')(`POST /v1/deliveries/${id}/resend`);
  assert.deepEqual([reply.status, reply.json['code']], [409, 'delivery_is_sending']);
});

test('a wish that is granted for another node is judged by what is stored', async () => {
  const { journal } = world.storage;
  const wish = { wanted: 'cancel', sequence: 1, subscription: 1 } as const;
  const local = (cancel: DeliveryControl['cancel']) => ({ cancel, resend: cancel });
  const refused = local(async () => {
    throw new DeliveryStateError('delivered', 'cancelled');
  });
  assert.deepEqual(await grantWish(wish, refused, journal), {
    kind: 'refused',
    status: 'delivered',
  });
  const failing = local(async () => {
    throw new StorageError('busy', 'not now');
  });
  const failed = await grantWish(wish, failing, journal);
  assert.equal(failed.kind, 'failed');
  const gone = await grantWish({ ...wish, sequence: 999 }, refused, journal);
  assert.deepEqual(gone, { kind: 'failed', why: 'The delivery is no longer stored.' });
});
