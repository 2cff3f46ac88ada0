/** GitHub's webhooks in Express: verified, remembered in SQLite, worked on through BullMQ. */
import { DatabaseSync } from 'node:sqlite';
import { Queue, Worker } from 'bullmq';
import express from 'express';
import { bullmqProcessor, bullmqQueue } from '../../sdk/receiver/index.ts';
import { createReceiver, sqliteDedupe, untrustedText } from '../../sdk/receiver/index.ts';

export interface Settings {
  /** As typed into the settings of the webhook at GitHub. */
  readonly secret: string;
  readonly databaseFile: string;
  readonly redis: { readonly host: string; readonly port: number };
  readonly queueName: string;
}

/** @param triage what your agent does with an issue; it is given text for a prompt. */
export async function createApp(settings: Settings, triage: (text: string) => Promise<void>) {
  const { secret, databaseFile, redis, queueName } = settings;
  const database = new DatabaseSync(databaseFile, { timeout: 1000 });
  const jobs = new Queue(queueName, { connection: { ...redis, enableOfflineQueue: false } });
  await jobs.waitUntilReady();

  const receiver = createReceiver({
    scheme: 'github',
    secret,
    dedupe: sqliteDedupe(database),
    queue: bullmqQueue(jobs, { jobOptions: { removeOnComplete: 1000 } }),
    on: {
      'github.issues.opened': (event) => triage(untrustedText(event)),
    },
  });
  const worker = new Worker(queueName, bullmqProcessor(receiver), {
    connection: { ...redis, maxRetriesPerRequest: null },
  });
  worker.on('failed', (job, error) => console.error('failed', job?.id, error.message));

  const app = express();
  app.post('/webhooks/github', receiver.express()); // above express.json()
  app.use(express.json());

  async function close() {
    await worker.close();
    await jobs.close();
    database.close();
  }
  return { app, jobs, close };
}
