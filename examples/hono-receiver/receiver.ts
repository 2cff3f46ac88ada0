/**
 * A receiver in Hono. On Bun, Deno and workers `app.fetch` is all the platform wants; on Node a
 * server such as @hono/node-server stands in front, here a few lines of node:http.
 */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { createReceiver } from '../../sdk/receiver/index.ts';

const receiver = createReceiver({
  secret: process.env['WEBHOOK_SECRET'] ?? '',
  on: {
    'task.completed': (event) => console.log(event.event_type, event.task_id, event.status),
  },
});

const app = new Hono();
app.post('/webhooks/agent-task-updates', receiver.hono());

const server = createServer(async (incoming, outgoing) => {
  const { method = 'GET', url = '/' } = incoming;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const body = method === 'GET' || method === 'HEAD' ? null : Readable.toWeb(incoming);
  const request = new Request(new URL(url, 'http://localhost'), {
    method,
    headers,
    body,
    duplex: 'half',
  });
  const response = await app.fetch(request);
  outgoing.writeHead(response.status, [...response.headers].flat());
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
});
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  console.log(`listening on http://127.0.0.1:${port}/webhooks/agent-task-updates`);
});
