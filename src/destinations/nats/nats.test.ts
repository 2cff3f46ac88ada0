/** NATS JetStream against the contract, and what is its own. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  attempt,
  destinationContract,
  jobFor,
  outcomeOf,
  subscriptionTo,
} from '../contract/destination-contract.ts';
import type { DestinationWorld, ReceivedMessage } from '../contract/harness.ts';
import { openBroker, whyAbsent } from '../testing/broker-world.ts';
import { nats } from './nats.ts';

const PORT = 4222;
const skip = await whyAbsent('NATS', PORT);
let streamCount = 0;

interface NatsWorld extends DestinationWorld {
  readonly limit: (messages: number) => Promise<unknown>;
}

async function openWorld(t: TestContext): Promise<NatsWorld> {
  streamCount += 1;
  const name = `bellwire-test-${process.pid}-${streamCount}`;
  const connection = await connect({ servers: `127.0.0.1:${PORT}` });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [`${name}.>`] });
  t.after(async () => {
    await manager.streams.delete(name);
    await connection.close();
  });
  const { proxy, destination } = await openBroker(t, nats, PORT);
  const servers = [`nats://127.0.0.1:${proxy.port}`];
  const place = { kind: 'nats', servers, subject: `${name}.{event_type}` } as const;
  const where = { destination: place, credentials: null };
  const received = async (count: number): Promise<readonly ReceivedMessage[]> => {
    const stream = await jetstream(connection).streams.get(name);
    const { state } = await stream.info();
    assert.ok(state.messages >= count, `${state.messages} messages instead of ${count}`);
    const messages: ReceivedMessage[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const stored = await stream.getMessage({ seq });
      assert.ok(stored !== null);
      const names = stored.header.keys();
      const headers = Object.fromEntries(names.map((key) => [key, stored.header.get(key)]));
      messages.push({ body: stored.data, headers });
    }
    return messages;
  };
  const limit = (messages: number) =>
    manager.streams.update(name, { max_msgs: messages, discard: 'new' });
  return {
    destination,
    proxy,
    where,
    received,
    // The server at hand asks nobody for credentials.
    wrongCredentials: null,
    rejecting: null,
    // Larger than max_payload, 1 MiB by default.
    poison: (job) => ({ ...job, body: Buffer.alloc(9 * 1024 * 1024, 'x') }),
    limit,
  };
}

destinationContract({ name: 'nats', skip, open: openWorld });

test('a try that is repeated is stored once', { skip }, async (t) => {
  const world = await openWorld(t);
  const subscription = subscriptionTo(world.where);
  const first = await attempt(world, jobFor(subscription, 1));
  const second = await attempt(world, jobFor(subscription, 1, { attemptNumber: 2 }));
  assert.deepEqual([first, second].map(outcomeOf), ['delivered', 'delivered']);
  assert.match(JSON.stringify(second), /which had it already/);
  const other = subscriptionTo(world.where, { number: 4 });
  assert.equal(outcomeOf(await attempt(world, jobFor(other, 1))), 'delivered');
  assert.equal((await world.received(2)).length, 2);
});

test('a subject that no stream listens to is tried again later', { skip }, async (t) => {
  const world = await openWorld(t);
  const place = world.where.destination;
  assert.ok(place.kind === 'nats');
  const destination = { ...place, subject: 'bellwire-nobody' };
  const result = await attempt(world, jobFor(subscriptionTo({ ...world.where, destination }), 1));
  assert.equal(outcomeOf(result), 'overloaded');
  assert.match(JSON.stringify(result), /no stream listens to the subject/);
});

test('a stream that is full makes the sender slow down', { skip }, async (t) => {
  const world = await openWorld(t);
  await world.limit(1);
  const subscription = subscriptionTo(world.where);
  assert.equal(outcomeOf(await attempt(world, jobFor(subscription, 1))), 'delivered');
  const refused = await attempt(world, jobFor(subscription, 2));
  assert.equal(outcomeOf(refused), 'overloaded', JSON.stringify(refused));
});
