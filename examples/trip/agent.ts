/** What every agent here has: an endpoint that believes signed events only, and a subscription. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Bellwire } from '../../sdk/client/index.ts';
import { createReceiver, memoryQueue } from '../../sdk/receiver/index.ts';
import type { Handlers, Queue, WebhookEvent } from '../../sdk/receiver/index.ts';
import { say } from './screen.ts';

export interface AgentOptions {
  readonly name: string;
  readonly client: Bellwire;
  readonly eventTypes: readonly string[];
  readonly on: Handlers;
  /** Throws to have the sender told 503. */
  readonly beforeTaking?: (event: WebhookEvent) => void;
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
  const queue = takingAfter(options.beforeTaking);
  const answer = createReceiver({ secret, queue, on, onError }).node();
  const server = createServer((request, response) => {
    const attempt = Number(request.headers['bellwire-attempt']);
    const id = request.headers['webhook-id'];
    if (attempt > 1) say('bellwire', `tries again: attempt ${attempt}, same webhook-id ${id}`);
    answer(request, response);
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
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A queue that fails its handlers at once, so that the demo ends with the reason. */
function takingAfter(beforeTaking: AgentOptions['beforeTaking']): Queue {
  const queue = memoryQueue({ retryDelaysMs: [] });
  return {
    consume: (consumer) => queue.consume?.(consumer),
    async push(event) {
      beforeTaking?.(event);
      await queue.push(event);
    },
  };
}
