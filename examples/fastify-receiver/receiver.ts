/** A receiver in Fastify: the route reads the raw body, other routes keep their parsers. */
import Fastify from 'fastify';
import { createReceiver } from '../../sdk/receiver/index.ts';

const receiver = createReceiver({
  secret: process.env['WEBHOOK_SECRET'] ?? '',
  on: {
    'task.completed': (event) => console.log(event.event_type, event.task_id, event.status),
  },
});

const app = Fastify();
app.post('/webhooks/agent-task-updates', receiver.fastify());

const url = await app.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
console.log(`listening on ${url}/webhooks/agent-task-updates`);
