import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SQS } from '@aws-sdk/client-sqs';
import { queueContract } from '../../contract/queue-contract.ts';
import { needsNode } from '../../contract/services.ts';
import { consumeSqs, sqsQueue } from './sqs.ts';

const skip = needsNode('fauxqs', 22, 5);

async function open(name: string) {
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({ port: 0, logger: false });
  const { queueUrl } = server.createQueue(name, {
    attributes: name.endsWith('.fifo') ? { FifoQueue: 'true' } : {},
  });
  const client = new SQS({
    endpoint: server.address,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return { server, queueUrl, client };
}

for (const name of ['standard', 'ordered.fifo']) {
  queueContract({
    name: `SQS ${name}`,
    skip,
    givesUp: true,
    async open() {
      const { server, queueUrl, client } = await open(name);
      return {
        queue: sqsQueue(client, { queueUrl }),
        consume: async (processor, options) =>
          consumeSqs(client, processor, { ...options, queueUrl }),
        cut: () => server.stop(),
        async left() {
          const {
            ready = [],
            delayed = [],
            inflight = [],
          } = server.inspectQueue(name)?.messages ?? {};
          return ready.length + delayed.length + inflight.length;
        },
        async close() {
          client.destroy();
          await server.stop();
        },
      };
    },
  });
}

test('SQS: a FIFO queue takes an id once, and keeps the order of a group', { skip }, async () => {
  const { server, queueUrl, client } = await open('ordered.fifo');
  try {
    const groupId = () => 'task_1';
    const queue = sqsQueue(client, { queueUrl, groupId });
    const base = { event_type: 'task.completed', timestamp: '', data: {} };
    for (const id of ['evt_1', 'evt_2', 'evt_1']) await queue.push({ webhook_id: id, ...base });
    const waiting = server.inspectQueue('ordered.fifo')?.messages.ready ?? [];
    assert.deepEqual(
      waiting.map(({ body }) => JSON.parse(body).webhook_id),
      ['evt_1', 'evt_2'],
    );
  } finally {
    client.destroy();
    await server.stop();
  }
});

test('SQS: the bare client is told at once', () => {
  // @ts-expect-error -- what somebody without types may pass
  assert.throws(() => sqsQueue({ send() {} }, { queueUrl: 'http://x/q' }), /new SQS\(\)/);
});
