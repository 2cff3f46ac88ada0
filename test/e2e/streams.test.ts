/** A real server with Kafka, SQS and inboxes as destinations. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startFauxqs } from 'fauxqs';
import {
  MockCluster,
  whyNoMockCluster,
} from '../../src/destinations/kafka/testing/mock-cluster.ts';
import { startTcpProxy } from '../../src/testing/tcp-proxy.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CaseWorld, type CaseTenant, type Json } from './send-cases/case-world.ts';

const EVENTS = 20;
const REGION = 'eu-central-1';
const SECRET = 'the secret access key of this test';

let world: CaseWorld;
before(async () => {
  world = await CaseWorld.start();
});
after(() => world.stop());

function numbersIn(bodies: readonly string[]): number[] {
  return bodies.map((body) => {
    const envelope: { data: { n: number } } = JSON.parse(body);
    return envelope.data.n;
  });
}

async function publishAll(tenant: CaseTenant): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < EVENTS; n += 1) {
    ids.push(await tenant.publish({ data: { n }, ordering_key: 'line' }));
  }
  return ids;
}

async function subscribe(tenant: CaseTenant, destination: Json, more: Json = {}) {
  return tenant.subscribe('unused', { target_url: undefined, destination, ...more });
}

const ALL = Array.from({ length: EVENTS }, (_, n) => n);

test('events go into a topic, in order', { skip: whyNoMockCluster() }, async (t) => {
  const cluster = await MockCluster.start();
  t.after(() => cluster.stop());
  await cluster.createTopic('events');
  const tenant = world.tenant('kafka');
  const brokers = [`127.0.0.1:${cluster.port}`];
  const destination = { kind: 'kafka', brokers, topic: 'events', tls: false };
  const { id } = await subscribe(tenant, destination, { ordered: true });
  const ids = await publishAll(tenant);
  for (const event of ids) await tenant.deliveryWhen(event, 'delivered', id);
  const records = await cluster.records('events');
  assert.deepEqual(numbersIn(records.map(({ payload }) => payload)), ALL);
  assert.deepEqual([...new Set(records.map(({ key }) => key))], ['line']);
});

test('events go into a queue of SQS once it is back, in order', async (t) => {
  const emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION });
  t.after(() => emulator.stop());
  emulator.createQueue('events.fifo', { attributes: { FifoQueue: 'true' } });
  const proxy = await startTcpProxy({ port: emulator.port });
  t.after(() => proxy.close());
  await proxy.refuse();
  const tenant = world.tenant('sqs');
  const destination = {
    kind: 'sqs',
    queue_url: `http://127.0.0.1:${proxy.port}/000000000000/events.fifo`,
    region: REGION,
    endpoint: `http://127.0.0.1:${proxy.port}`,
    credentials: { access_key_id: 'AKIATEST', secret_access_key: SECRET },
  };
  const created = await subscribe(tenant, destination, {
    ordered: true,
    retry_schedule: Array.from({ length: 30 }, () => 1),
  });
  assert.ok(!JSON.stringify(created).includes(SECRET));
  const ids = await publishAll(tenant);
  const [first = ''] = ids;
  const waiting = await tenant.deliveryWhen(first, 'waiting', created.id);
  const [attempt] = await tenant.attempts(waiting);
  assert.equal(attempt?.['failure_reason'], 'connect');
  await proxy.heal();
  for (const event of ids) await tenant.deliveryWhen(event, 'delivered', created.id);
  const ready = emulator.inspectQueue('events.fifo')?.messages.ready ?? [];
  assert.deepEqual(numbersIn(ready.map(({ body }) => body)), ALL);
});

test('events wait in an inbox, and the API shows how many', async () => {
  const tenant = world.tenant('inbox');
  const { id } = await subscribe(tenant, { kind: 'inbox', name: 'triage' });
  const ids = await publishAll(tenant);
  for (const event of ids) await tenant.deliveryWhen(event, 'delivered', id);
  await waitUntil(
    async () => {
      const { text } = await tenant.ask('/v1/inboxes');
      return text.includes(`"name":"triage","messages":${EVENTS},`);
    },
    { what: 'all events in the inbox' },
  );
});
