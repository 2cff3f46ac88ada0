import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { KafkaDestination } from '../../domain/destination.ts';
import { parseMasterKeys } from '../../domain/master-keys.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { setupEgress, until } from '../../egress/testing/setup.ts';
import { systemClock } from '../../runtime/system.ts';
import { ScriptedTransformer } from '../../testing/scripted-transformer.ts';
import { startTcpProxy } from '../../testing/tcp-proxy.ts';
import { BrokerDestination } from '../broker/broker-destination.ts';
import {
  attempt,
  destinationContract,
  jobFor,
  outcomeOf,
  subscriptionTo,
} from '../contract/destination-contract.ts';
import type { DestinationWorld, ReceivedMessage } from '../contract/harness.ts';
import { kafkaAdapter } from './kafka.ts';
import { startKafkaFront } from './testing/front.ts';
import { MockCluster, whyNoMockCluster, type KafkaRecord } from './testing/mock-cluster.ts';

const ACCOUNT = { username: 'bellwire', password: 'the right password' };
const POISON = 'much too large';

const skip = whyNoMockCluster();
const cluster = skip === undefined ? await MockCluster.start() : undefined;
after(() => cluster?.stop());

function mock(): MockCluster {
  if (cluster === undefined) throw new Error('the test should have been skipped');
  return cluster;
}

let topics = 0;

interface KafkaWorld extends DestinationWorld {
  readonly topic: string;
  to(topic: string): KafkaDestination;
}

/** @param advertisedHost where the cluster says that its broker is. */
async function openWorld(t: TestContext, advertisedHost = '127.0.0.1'): Promise<KafkaWorld> {
  topics += 1;
  const topic = `events-${topics}`;
  await mock().createTopic(topic);
  let port = 0;
  const front = await startKafkaFront(t, {
    port: mock().port,
    account: ACCOUNT,
    poison: POISON,
    advertised: () => ({ host: advertisedHost, port }),
  });
  const proxy = await startTcpProxy({ port: front });
  ({ port } = proxy);
  t.after(() => proxy.close());
  const egress = setupEgress(t);
  const destination = new BrokerDestination(kafkaAdapter, {
    guard: egress.brokers,
    clock: systemClock,
    transformer: new ScriptedTransformer(),
    payloads: {
      publicUrl: () => 'https://bellwire.test',
      links: new ThinLinks(parseMasterKeys(Buffer.alloc(32, 7).toString('base64'))),
    },
    onError: (error) => assert.fail(String(error)),
  });
  t.after(() => destination.close());
  const to = (name: string): KafkaDestination => ({
    kind: 'kafka',
    brokers: [`127.0.0.1:${port}`],
    topic: name,
    tls: false,
  });
  const credentials = { ...ACCOUNT, mechanism: 'plain' };
  return {
    topic,
    to,
    destination: {
      attempt: (job, done) => destination.attempt(job, done),
      close: async () => {
        await destination.close();
        await until(() => proxy.open === 0);
      },
    },
    where: { destination: to(topic), credentials },
    proxy,
    received: async () => (await mock().records(topic)).map(toReceived),
    wrongCredentials: {
      destination: to(topic),
      credentials: { ...credentials, password: 'the wrong password' },
    },
    rejecting: { destination: to('nowhere'), credentials },
    poison: (job) => ({ ...job, body: Buffer.from(`{"data":"${POISON}"}`) }),
  };
}

function toReceived({ payload, headers = [] }: KafkaRecord): ReceivedMessage {
  const pairs: [string, string][] = [];
  for (let at = 0; at < headers.length; at += 2) {
    pairs.push([headers[at] ?? '', headers[at + 1] ?? '']);
  }
  return { body: Buffer.from(payload), headers: Object.fromEntries(pairs) };
}

destinationContract({ name: 'kafka', skip, open: (t) => openWorld(t) });

test('messages of one ordering key share a partition, and keep their order', { skip }, async (t) => {
  const world = await openWorld(t);
  const subscription = subscriptionTo(world.where);
  const sequences = Array.from({ length: 40 }, (_, index) => index + 1);
  const attempts = sequences.map((sequence) =>
    attempt(world, jobFor(subscription, sequence, { orderingKey: `trip-${sequence % 4}` })),
  );
  const outcomes = (await Promise.all(attempts)).map(outcomeOf);
  assert.deepEqual([...new Set(outcomes)], ['delivered']);
  const records = await mock().records(world.topic);
  for (const key of ['trip-0', 'trip-1', 'trip-2', 'trip-3']) {
    const own = records.filter((record) => record.key === key);
    assert.equal(new Set(own.map(({ partition }) => partition)).size, 1);
    const ids = own.map(({ payload }) => Number(/"sequence":(\d+)/.exec(payload)?.[1]));
    assert.deepEqual(
      ids,
      ids.toSorted((one, other) => one - other),
    );
    assert.equal(ids.length, 10);
  }
});

test('a broker that the cluster names is judged like one that was typed in', { skip }, async (t) => {
  const world = await openWorld(t, '127.0.0.9');
  const result = await attempt(world, jobFor(subscriptionTo(world.where), 1));
  assert.equal(outcomeOf(result), 'blocked', JSON.stringify(result));
  assert.equal(world.proxy.accepted, 1);
});
