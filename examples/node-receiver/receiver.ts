/** A receiver on node:http alone: verifies, answers, and then does the work. */
import { createServer } from 'node:http';
import { createReceiver } from '../../sdk/receiver/index.ts';

const receiver = createReceiver({
  secret: process.env['WEBHOOK_SECRET'] ?? '',
  on: {
    'task.completed': (event) => console.log(event.event_type, event.task_id, event.status),
  },
});

const server = createServer(receiver.node());
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  console.log(`listening on http://127.0.0.1:${port}/webhooks/agent-task-updates`);
});
