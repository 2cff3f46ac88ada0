/** A receiver in Express: verifies, answers, and then does the work. */
import express from 'express';
import { createReceiver } from '../../sdk/receiver/index.ts';

/** @param book what your program does with a finished task. */
export function createApp(secret: string, book: (taskId: string | undefined) => Promise<void>) {
  const receiver = createReceiver({
    secret,
    on: {
      'task.completed': async (event) => {
        await book(event.task_id);
      },
    },
  });

  const app = express();
  app.post('/webhooks/agent-task-updates', receiver.express()); // above express.json()
  app.use(express.json());
  return app;
}
