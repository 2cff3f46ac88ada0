/** A real server and real brokers: what happens while one is away, and to what it never takes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect } from 'amqplib';
import { whyAbsent } from '../../src/destinations/testing/broker-world.ts';
import { startTcpProxy } from '../../src/testing/tcp-proxy.ts';
import { BROKERS, type Broker } from '../support/broker-queues.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CaseWorld } from './send-cases/case-world.ts';

const EVENTS = 25;
const WITHIN_MS = 40_000;

let world: CaseWorld;
before(async () => {
  world = await CaseWorld.start();
});
after(() => world.stop());

for (const broker of BROKERS) {
  const skip = (await whyAbsent(broker.kind, broker.port)) ?? false;
  describe(broker.kind, { skip }, () => outage(broker));
}

function outage(broker: Broker): void {
  test('what comes while it is away waits in the journal and drains in order', async (t) => {
    const name = `bellwire-e2e-${broker.kind}-${process.pid}`;
    const queue = await broker.open(name);
    t.after(() => queue.remove());
    const proxy = await startTcpProxy({ port: broker.port });
    t.after(() => proxy.close());
    const tenant = world.tenant(`away-${broker.kind}`);
    const subscription = await tenant.subscribe('unused', {
      target_url: undefined,
      destination: queue.destination(proxy.port),
      ordered: true,
      retry_schedule: Array.from({ length: 30 }, () => 1),
    });
    const earliest = await tenant.publish({ data: { n: 0 }, ordering_key: 'line' });
    await waitUntil(async () => (await queue.bodies()).length === 1, { what: 'the first event' });
    // Also its confirmation is here, or what follows would wait behind it.
    await tenant.deliveryWhen(earliest, 'delivered', subscription.id);

    await proxy.refuse();
    const ids: string[] = [];
    for (let n = 1; n < EVENTS; n += 1) {
      ids.push(await tenant.publish({ data: { n }, ordering_key: 'line' }));
    }
    const [first = ''] = ids;
    const waiting = await tenant.deliveryWhen(first, 'waiting', subscription.id);
    const [attempt] = await tenant.attempts(waiting);
    assert.match(String(attempt?.['failure_reason']), /^(connect|reset)$/);
    assert.equal((await queue.bodies()).length, 1);

    await proxy.heal();
    await waitUntil(async () => (await queue.bodies()).length >= EVENTS, {
      what: `${EVENTS} events in ${broker.kind}`,
      deadlineMs: WITHIN_MS,
      context: () => world.server.output(),
    });
    const numbers = (await queue.bodies()).map(numberIn);
    assert.deepEqual(
      numbers,
      Array.from({ length: EVENTS }, (_, n) => n),
    );
    for (const id of ids) await tenant.deliveryWhen(id, 'delivered', subscription.id);
  });
}

function numberIn(body: string): number {
  const envelope: { data: { n: number } } = JSON.parse(body);
  return envelope.data.n;
}

test(
  'what a broker never takes is exhausted at once with the reason, and can be sent again',
  { skip: (await whyAbsent('RabbitMQ', 5672)) ?? false },
  async (t) => {
    const name = `bellwire-e2e-poison-${process.pid}`;
    const tenant = world.tenant('poison');
    const subscription = await tenant.subscribe('unused', {
      target_url: undefined,
      destination: {
        kind: 'rabbitmq',
        url: 'amqp://guest:guest@127.0.0.1:5672',
        routing_key: name,
      },
    });
    const id = await tenant.publish({ data: { n: 7 } });
    const exhausted = await tenant.deliveryWhen(id, 'exhausted', subscription.id);
    assert.equal(exhausted['attempts'], 1);
    assert.match(JSON.stringify(exhausted), /unroutable: there is no queue/);

    const model = await connect('amqp://guest:guest@127.0.0.1:5672');
    const channel = await model.createChannel();
    await channel.assertQueue(name, { exclusive: true });
    t.after(() => model.close());
    await tenant.expect(202, `/v1/deliveries/${String(exhausted['id'])}/resend`, { body: {} });
    const delivered = await tenant.deliveryWhen(id, 'delivered', subscription.id);
    const attempts = await tenant.attempts(delivered);
    assert.deepEqual(
      attempts.map((attempt) => attempt['failure_reason']),
      ['rejected', null],
    );
    const message = await channel.get(name, { noAck: true });
    assert.ok(message !== false);
    assert.equal(numberIn(message.content.toString()), 7);
  },
);
