import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startFauxqs, type FauxqsServer } from 'fauxqs';
import type { SqsDestination } from '../../domain/destination.ts';
import { parseMasterKeys } from '../../domain/master-keys.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { setupEgress } from '../../egress/testing/setup.ts';
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
import type { AttemptJob } from '../destination.ts';
import { createSqsAdapter } from './sqs.ts';
import { startFront } from './testing/front.ts';

const REGION = 'eu-central-1';
const KEYS = { accessKeyId: 'AKIAGOOD', secretAccessKey: 'the secret key' };
const WRONG_KEYS = { accessKeyId: 'AKIAWRONG', secretAccessKey: 'the wrong secret key' };
/** Of the queues of these tests, so that a poison message need not be large. */
const MAX_MESSAGE_BYTES = 2_048;

interface SqsWorld extends DestinationWorld {
  readonly destination: DestinationWorld['destination'] & { close(): Promise<void> };
  readonly emulator: FauxqsServer;
  to(queue: string): SqsDestination;
}

async function openWorld(t: TestContext, name = 'events'): Promise<SqsWorld> {
  const emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION });
  t.after(() => emulator.stop());
  const isFifo = name.endsWith('.fifo');
  emulator.createQueue(name, {
    attributes: {
      MaximumMessageSize: String(MAX_MESSAGE_BYTES),
      ...(isFifo && { FifoQueue: 'true' }),
    },
  });
  const front = await startFront(t, { port: emulator.port, accessKeyId: KEYS.accessKeyId });
  const proxy = await startTcpProxy({ port: front });
  t.after(() => proxy.close());
  const egress = setupEgress(t);
  const inner = new BrokerDestination(createSqsAdapter(egress), {
    guard: egress.brokers,
    clock: systemClock,
    transformer: new ScriptedTransformer(),
    payloads: {
      publicUrl: () => 'https://bellwire.test',
      links: new ThinLinks(parseMasterKeys(Buffer.alloc(32, 7).toString('base64'))),
    },
    onError: (error) => assert.fail(String(error)),
  });
  const to = (queue: string): SqsDestination => ({
    kind: 'sqs',
    queueUrl: `https://sqs.${REGION}.amazonaws.com/000000000000/${queue}`,
    region: REGION,
    endpoint: `http://127.0.0.1:${proxy.port}/`,
  });
  return {
    emulator,
    to,
    destination: {
      attempt: (job, done) => inner.attempt(job, done),
      // The connections are those of egress, which serves others too.
      close: async () => {
        await inner.close();
        await egress.close();
      },
    },
    where: { destination: to(name), credentials: KEYS },
    proxy,
    received: async () => received(emulator, name),
    wrongCredentials: { destination: to(name), credentials: WRONG_KEYS },
    rejecting: { destination: to('nowhere'), credentials: KEYS },
    poison: tooLarge,
  };
}

/** What is confirmed is there, so there is nothing to wait for. */
function received(emulator: FauxqsServer, name: string): ReceivedMessage[] {
  const ready = emulator.inspectQueue(name)?.messages.ready ?? [];
  return ready.map(({ body, messageAttributes }) => ({
    body: Buffer.from(body),
    headers: Object.fromEntries(
      Object.entries(messageAttributes).map(([key, { StringValue }]) => [key, StringValue ?? '']),
    ),
  }));
}

function tooLarge(job: AttemptJob): AttemptJob {
  return { ...job, body: Buffer.from(`{"data":"${'x'.repeat(MAX_MESSAGE_BYTES)}"}`) };
}

destinationContract({ name: 'sqs', skip: undefined, open: (t) => openWorld(t) });
destinationContract({
  name: 'sqs, fifo',
  skip: undefined,
  open: (t) => openWorld(t, 'events.fifo'),
});

test('a fifo queue gets groups by ordering key, and drops what comes twice', async (t) => {
  const world = await openWorld(t, 'line.fifo');
  const subscription = subscriptionTo(world.where);
  const jobs = [
    jobFor(subscription, 1, { orderingKey: 'trip-1' }),
    jobFor(subscription, 2, { orderingKey: 'with blanks, and ü' }),
    jobFor(subscription, 3),
    { ...jobFor(subscription, 4), body: Buffer.from('{"task_id":"task-9","data":{}}') },
    jobFor(subscriptionTo(world.where, { ordered: true }), 5),
    jobFor(subscription, 1, { orderingKey: 'trip-1', attemptNumber: 2 }),
  ];
  for (const job of jobs) assert.equal(outcomeOf(await attempt(world, job)), 'delivered');
  const ready = world.emulator.inspectQueue('line.fifo')?.messages.ready ?? [];
  const groups = ready.map(({ messageGroupId }) => messageGroupId ?? '');
  assert.equal(ready.length, 5);
  assert.equal(groups[0], 'trip-1');
  assert.match(groups[1] ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(groups.slice(2, 4), ['evt_contract_3', 'task-9']);
  // Events without a key are one line there, and a blank is no part of a group's name.
  assert.match(groups[4] ?? '', /^[0-9a-f]{64}$/);
});

test('without credentials nothing is sent, and those of the server are not used', async (t) => {
  const world = await openWorld(t);
  const subscription = subscriptionTo({ ...world.where, credentials: null });
  const result = await attempt(world, jobFor(subscription, 1));
  assert.equal(outcomeOf(result), 'auth_failed', JSON.stringify(result));
  assert.equal(world.proxy.accepted, 0);
});

test('a queue at an address that is not allowed is not reached', async (t) => {
  const world = await openWorld(t);
  const destination = { ...world.to('events'), endpoint: 'http://127.0.0.3:9/' };
  const subscription = subscriptionTo({ ...world.where, destination });
  assert.equal(outcomeOf(await attempt(world, jobFor(subscription, 1))), 'blocked');
});
