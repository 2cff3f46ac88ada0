/** What every agent here has: an endpoint that believes signed events only, and a subscription. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Bellwire } from '../../sdk/client/index.ts';
import { createReceiver, memoryQueue } from '../../sdk/receiver/index.ts';
import type { Handlers } from '../../sdk/receiver/index.ts';
import { say } from './screen.ts';

export interface AgentOptions {
  readonly name: string;
  readonly client: Bellwire;
  readonly eventTypes: readonly string[];
  readonly on: Handlers;
  /** Asked at every request; 503 is answered when it says yes. */
  readonly isBusy?: () => boolean;
  readonly onError: (error: unknown) => void;
}

export interface Agent extends AsyncDisposable {
  readonly subscriptionId: string;
}

/** Seconds. A person is waiting, so the first try again comes soon. */
const RETRY_SCHEDULE = [0.2, 1, 5];

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { name, client, eventTypes, on, onError } = options;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  // A handler that fails is not tried again: the demo ends with the reason instead.
  const queue = memoryQueue({ retryDelaysMs: [] });
  const receive = createReceiver({ secret, queue, on, onError }).node();
  const server = createServer((request, response) => {
    if (options.isBusy?.()) {
      response.writeHead(503).end(`the ${name} is busy`);
      return;
    }
    const attempt = Number(request.headers['bellwire-attempt']);
    if (attempt > 1) say('bellwire', `tries again: attempt ${attempt}, with the same webhook-id`);
    receive(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The agent has no port');
  const subscription = await client.subscriptions.create({
    name,
    event_types: eventTypes,
    target_url: `http://127.0.0.1:${address.port}/webhooks/agent-task-updates`,
    secret,
    retry_schedule: RETRY_SCHEDULE,
  });
  return {
    subscriptionId: subscription.id,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
