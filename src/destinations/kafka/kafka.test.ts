import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { KafkaDestination } from '../../domain/destination.ts';
import {
  attempt,
  destinationContract,
  jobFor,
  outcomeOf,
  subscriptionTo,
} from '../contract/destination-contract.ts';
import type { DestinationWorld, ReceivedMessage } from '../contract/harness.ts';
import { openBroker } from '../testing/broker-world.ts';
import { kafka } from './kafka.ts';
import { startKafkaFront } from './testing/front.ts';
import { MockCluster, whyNoMockCluster, type KafkaRecord } from './testing/mock-cluster.ts';

const ACCOUNT = { username: 'bellwire', password: 'the right password' };
const POISON = 'much too large';

const skip = whyNoMockCluster();
const TOPIC = 'events';

interface KafkaWorld extends DestinationWorld {
  readonly cluster: MockCluster;
  to(topic: string): KafkaDestination;
}

/** @param advertisedHost where the cluster says that its broker is. */
async function openWorld(t: TestContext, advertisedHost = '127.0.0.1'): Promise<KafkaWorld> {
  const cluster = await MockCluster.start();
  t.after(() => cluster.stop());
  await cluster.createTopic(TOPIC);
  let port = 0;
  const front = await startKafkaFront(t, {
    port: cluster.port,
    account: ACCOUNT,
    poison: POISON,
    unknownTopic: 'nowhere',
    advertised: () => ({ host: advertisedHost, port }),
  });
  const { proxy, destination, errors } = await openBroker(t, kafka, front);
  ({ port } = proxy);
  t.after(() => assert.deepEqual(errors, []));
  const to = (name: string): KafkaDestination => ({
    kind: 'kafka',
    brokers: [`127.0.0.1:${port}`],
    topic: name,
    tls: false,
  });
  const credentials = { ...ACCOUNT, mechanism: 'plain' };
  return {
    cluster,
    to,
    destination,
    where: { destination: to(TOPIC), credentials },
    proxy,
    received: async () => (await cluster.records(TOPIC)).map(toReceived),
    wrongCredentials: {
      destination: to(TOPIC),
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

test(
  'messages of one ordering key share a partition, and keep their order',
  { skip },
  async (t) => {
    const world = await openWorld(t);
    const subscription = subscriptionTo(world.where);
    const sequences = Array.from({ length: 40 }, (_, index) => index + 1);
    const attempts = sequences.map((sequence) =>
      attempt(world, jobFor(subscription, sequence, { orderingKey: `trip-${sequence % 4}` })),
    );
    const outcomes = (await Promise.all(attempts)).map(outcomeOf);
    assert.deepEqual([...new Set(outcomes)], ['delivered']);
    const records = await world.cluster.records(TOPIC);
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
  },
);

test(
  'a broker that the cluster names is judged like one that was typed in',
  { skip },
  async (t) => {
    const world = await openWorld(t, '127.0.0.9');
    const result = await attempt(world, jobFor(subscriptionTo(world.where), 1));
    assert.equal(outcomeOf(result), 'blocked', JSON.stringify(result));
    assert.equal(world.proxy.accepted, 1);
  },
);
