/** RabbitMQ against the contract, and what is its own. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connect, type ChannelModel, type ConfirmChannel, type GetMessage } from 'amqplib';
import {
  attempt,
  destinationContract,
  jobFor,
  outcomeOf,
  subscriptionTo,
} from '../contract/destination-contract.ts';
import type { DestinationWorld, ReceivedMessage } from '../contract/harness.ts';
import { openBroker, whyAbsent } from '../testing/broker-world.ts';
import { rabbitmq } from './rabbitmq.ts';

const PORT = 5672;
const GUEST = { username: 'guest', password: 'guest' };
const skip = await whyAbsent('RabbitMQ', PORT);
let queueCount = 0;

interface Admin {
  readonly model: ChannelModel;
  readonly channel: ConfirmChannel;
  readonly queue: string;
}

async function openAdmin(
  t: TestContext,
  args: object = { 'x-queue-type': 'quorum' },
): Promise<Admin> {
  const model = await connect(`amqp://guest:guest@127.0.0.1:${PORT}`);
  const channel = await model.createConfirmChannel();
  queueCount += 1;
  const queue = `bellwire-test-${process.pid}-${queueCount}`;
  await channel.assertQueue(queue, { durable: true, arguments: args });
  t.after(async () => {
    await channel.deleteQueue(queue);
    await model.close();
  });
  return { model, channel, queue };
}

interface RabbitWorld extends DestinationWorld {
  readonly admin: Admin;
  readonly messages: readonly GetMessage[];
  readonly errors: readonly unknown[];
}

async function openWorld(t: TestContext, args?: object): Promise<RabbitWorld> {
  const admin = await openAdmin(t, args);
  const { proxy, destination, errors } = await openBroker(t, rabbitmq, PORT);
  const url = `amqp://127.0.0.1:${proxy.port}`;
  const place = { kind: 'rabbitmq', url, exchange: '', routingKey: admin.queue } as const;
  const where = { destination: place, credentials: GUEST };
  const messages: GetMessage[] = [];
  const received = async (count: number): Promise<readonly ReceivedMessage[]> => {
    while (messages.length < count) {
      const message = await admin.channel.get(admin.queue, { noAck: true });
      // A quorum queue shows a confirmed message a moment later: ask again.
      if (message !== false) messages.push(message);
    }
    return messages.map(({ content, properties }) => ({
      body: content,
      headers: { ...textsOf(properties.headers), 'content-type': String(properties.contentType) },
    }));
  };
  return {
    destination,
    proxy,
    where,
    received,
    wrongCredentials: { ...where, credentials: { username: 'guest', password: 'of nobody' } },
    rejecting: { ...where, destination: { ...place, exchange: 'bellwire-no-such-exchange' } },
    // More than any version takes by default: 16 MiB, and before version 4 it was 128.
    poison: (job) => ({ ...job, body: Buffer.alloc(129 * 1024 * 1024, 'x') }),
    admin,
    messages,
    errors,
  };
}

function textsOf(headers: object = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

destinationContract({ name: 'rabbitmq', skip, open: (t) => openWorld(t) });

test('messages are persistent and carry ids and type in their properties', { skip }, async (t) => {
  const world = await openWorld(t);
  const job = jobFor(subscriptionTo(world.where), 1);
  assert.equal(outcomeOf(await attempt(world, job)), 'delivered');
  await world.received(1);
  const properties = world.messages[0]?.properties;
  assert.equal(properties?.deliveryMode, 2);
  assert.equal(properties?.messageId, job.eventId);
  assert.equal(properties?.type, 'task.completed');
  assert.equal(properties?.timestamp, job.createdAt / 1000);
});

test('an exchange without a queue for the event makes it unroutable', { skip }, async (t) => {
  const world = await openWorld(t);
  const { channel, queue } = world.admin;
  const exchange = `${queue}-topic`;
  await channel.assertExchange(exchange, 'topic', { durable: false, autoDelete: true });
  await channel.bindQueue(queue, exchange, 'task.*');
  const { destination, credentials } = world.where;
  assert.ok(destination.kind === 'rabbitmq');
  const place = { ...destination, exchange, routingKey: '{event_type}' };
  const subscription = subscriptionTo({ destination: place, credentials });
  const [routed, lost] = await Promise.all([
    attempt(world, jobFor(subscription, 1)),
    attempt(world, jobFor(subscription, 2, { eventType: 'invoice.paid' })),
  ]);
  assert.equal(outcomeOf(routed), 'delivered');
  assert.equal(outcomeOf(lost), 'rejected');
  assert.match(
    JSON.stringify(lost),
    /unroutable: the exchange .* has no queue for the routing key .*invoice\.paid/,
  );
  assert.equal((await world.received(1)).length, 1);
});

test('a queue that is full by policy makes the sender slow down', { skip }, async (t) => {
  const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  const world = await openWorld(t, full);
  const subscription = subscriptionTo(world.where);
  assert.equal(outcomeOf(await attempt(world, jobFor(subscription, 1))), 'delivered');
  const refused = await attempt(world, jobFor(subscription, 2));
  assert.equal(outcomeOf(refused), 'overloaded', JSON.stringify(refused));
});

test(
  'subscriptions to one server share a connection, with other credentials not',
  { skip },
  async (t) => {
    const world = await openWorld(t);
    const other = { ...world.where.destination, routingKey: `${world.admin.queue}-2` };
    await world.admin.channel.assertQueue(other.routingKey, { exclusive: true });
    const more = { ...world.where, destination: other };
    for (const where of [world.where, more, world.where]) {
      assert.equal(outcomeOf(await attempt(world, jobFor(subscriptionTo(where), 1))), 'delivered');
    }
    assert.equal(world.proxy.accepted, 1);
    const changed = { ...world.where, credentials: { ...GUEST, password: 'changed' } };
    assert.equal(
      outcomeOf(await attempt(world, jobFor(subscriptionTo(changed), 2))),
      'auth_failed',
    );
    const foreign = subscriptionTo(world.where, { tenant: 13 });
    assert.equal(outcomeOf(await attempt(world, jobFor(foreign, 3))), 'delivered');
    assert.equal(world.proxy.accepted, 3);
    assert.deepEqual(world.errors, []);
  },
);
