/** Starts the receiver of receiver.ts. */
import { createServer } from 'node:http';
import { createApp } from './receiver.ts';

const settings = {
  secret: process.env['WEBHOOK_SECRET'] ?? '',
  databaseFile: process.env['DATABASE_FILE'] ?? 'webhooks.sqlite',
  redis: { host: '127.0.0.1', port: 6379 },
  queueName: process.env['QUEUE'] ?? 'webhooks',
};
const { app, close } = await createApp(settings, async (text) => {
  console.log(text);
});

const server = createServer(app);
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  console.log(`listening on http://127.0.0.1:${port}/webhooks/github`);
});
process.once('SIGTERM', () => {
  server.close(() => void close());
});
