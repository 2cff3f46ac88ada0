import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { connect } from 'amqplib';
import { queueContract } from '../../contract/queue-contract.ts';
import { missing, RABBITMQ_URL } from '../../contract/services.ts';
import { signal } from '../../contract/signal.ts';
import { consumeRabbitmq, rabbitmqQueue } from './rabbitmq.ts';

const skip = await missing('RabbitMQ', 5672);
const EVENT = { webhook_id: 'evt_1', event_type: 'task.completed', timestamp: '', data: {} };

async function open(type: 'quorum' | 'classic') {
  const name = `bellwire-test-${randomUUID()}`;
  const connection = await connect(RABBITMQ_URL);
  const publishing = await connect(RABBITMQ_URL);
  const channel = await publishing.createConfirmChannel();
  const own = await connection.createChannel();
  await own.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type } });
  let isCut = false;
  return {
    name,
    channel,
    own,
    connection,
    cut: async () => {
      isCut = true;
      await publishing.close();
    },
    close: async () => {
      if (!isCut) await publishing.close();
      await own.deleteQueue(name);
      await connection.close();
    },
  };
}

queueContract({
  name: 'RabbitMQ',
  skip,
  givesUp: true,
  async open() {
    const { name, channel, own, connection, cut, close } = await open('quorum');
    return {
      queue: rabbitmqQueue(channel, { routingKey: name }),
      async consume(processor, options) {
        return consumeRabbitmq(await connection.createChannel(), name, processor, options);
      },
      async left() {
        return (await own.checkQueue(name)).messageCount;
      },
      cut,
      close,
    };
  },
});

test('RabbitMQ: an event that no queue takes is refused', { skip }, async () => {
  const { name, channel, close } = await open('classic');
  try {
    const queue = rabbitmqQueue(() => channel, { routingKey: `${name}-missing` });
    await Promise.all([
      assert.rejects(queue.push(EVENT), /No queue is bound/),
      assert.rejects(queue.push(EVENT), /No queue is bound/),
    ]);
    await rabbitmqQueue(channel, { routingKey: name }).push(EVENT);
  } finally {
    await close();
  }
});

test('RabbitMQ: what a consumer held when it died goes to the next one', { skip }, async () => {
  const { name, channel, connection, close } = await open('quorum');
  try {
    await rabbitmqQueue(channel, { routingKey: name }).push(EVENT);
    const dying = await connect(RABBITMQ_URL);
    const [began, never, came] = [signal(), signal(), signal()];
    await consumeRabbitmq(await dying.createChannel(), name, {
      process() {
        began.give();
        return never.given;
      },
    });
    await began.given;
    await dying.close();
    const next = await consumeRabbitmq(await connection.createChannel(), name, {
      process: async () => came.give(),
    });
    await came.given;
    await next.stop();
  } finally {
    await close();
  }
});

test('RabbitMQ: a classic queue gets a failed event back once', { skip }, async () => {
  const { name, channel, connection, own, close } = await open('classic');
  try {
    await rabbitmqQueue(channel, { routingKey: name }).push(EVENT);
    const told = signal();
    let tries = 0;
    const processor = {
      async process() {
        tries += 1;
        throw new Error('no');
      },
    };
    const consumption = await consumeRabbitmq(await connection.createChannel(), name, processor, {
      retryDelaysMs: [1, 1, 1],
      onError: () => told.give(),
    });
    await told.given;
    await consumption.stop();
    assert.equal(tries, 2);
    assert.equal((await own.checkQueue(name)).messageCount, 0);
  } finally {
    await close();
  }
});

test('RabbitMQ: a message that is no event is given up at once', { skip }, async () => {
  const { name, own, connection, close } = await open('quorum');
  try {
    const told = signal();
    const errors: unknown[] = [];
    const consumption = await consumeRabbitmq(
      await connection.createChannel(),
      name,
      { process: () => assert.fail('it was processed') },
      {
        onError(error, event) {
          errors.push(String(error), event);
          told.give();
        },
      },
    );
    own.sendToQueue(name, Buffer.from('{'));
    await told.given;
    await consumption.stop();
    assert.deepEqual(errors, [
      'TypeError: The message is no event. The body is not valid JSON.',
      undefined,
    ]);
  } finally {
    await close();
  }
});

test('RabbitMQ: a channel without confirms is told at once', { skip }, async () => {
  const { own, close } = await open('classic');
  try {
    // @ts-expect-error -- what somebody without types may pass
    assert.throws(() => rabbitmqQueue(own, { routingKey: 'x' }), /createConfirmChannel/);
  } finally {
    await close();
  }
});
