import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Queue as JobQueue, Worker } from 'bullmq';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import { queueContract } from '../../contract/queue-contract.ts';
import { missing } from '../../contract/services.ts';
import { bullmqProcessor, bullmqQueue } from './bullmq.ts';

const REDIS = { host: '127.0.0.1', port: 6379 };

queueContract({
  name: 'BullMQ',
  skip: await missing('Redis', 6379),
  givesUp: true,
  async open() {
    const name = `bellwire-test-${randomUUID()}`;
    const jobs = new JobQueue(name, { connection: { ...REDIS, enableOfflineQueue: false } });
    await jobs.waitUntilReady();
    const own = new JobQueue(name, { connection: REDIS });
    let tries = 4;
    return {
      queue: {
        // How often a job is tried is decided where it is added.
        push: (event) =>
          bullmqQueue(jobs, {
            jobOptions: { removeOnComplete: true, attempts: tries, backoff: 1 },
          }).push(event),
      },
      async consume(processor, options) {
        tries = 1 + (options.retryDelaysMs?.length ?? 3);
        const worker = new Worker<WebhookEvent>(name, bullmqProcessor(processor), {
          connection: { ...REDIS, maxRetriesPerRequest: null },
        });
        worker.on('failed', (job, error) => {
          if (job !== undefined && job.attemptsMade === tries) options.onError?.(error, job.data);
        });
        await worker.waitUntilReady();
        return { stop: () => worker.close() };
      },
      cut: () => jobs.close(),
      async left() {
        const counts = await own.getJobCounts();
        return Object.values(counts).reduce((sum, count) => sum + count, 0);
      },
      async close() {
        await jobs.close();
        await own.obliterate({ force: true });
        await own.close();
      },
    };
  },
});

test('BullMQ: a job that is no event fails for good', async () => {
  const work = bullmqProcessor({ process: () => assert.fail('it was processed') });
  for (const data of [undefined, null, 7, { webhook_id: 'evt_1' }]) {
    await assert.rejects(work({ data }), { name: 'UnrecoverableError' });
  }
});
