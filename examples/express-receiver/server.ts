/** Starts the receiver of receiver.ts. */
import { createServer } from 'node:http';
import { createApp } from './receiver.ts';

const app = createApp(process.env['WEBHOOK_SECRET'] ?? '', async (taskId) => {
  console.log('task.completed', taskId);
});

const server = createServer(app);
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  console.log(`listening on http://127.0.0.1:${port}/webhooks/agent-task-updates`);
});
