/**
 * `npm run demo`: an assistant books a trip with the help of a travel agent. The two never call
 * each other and never poll: all they say travels through Bellwire as signed events.
 *
 * `--pace 0.5` has the work done twice as fast. In a terminal Bellwire is left running at the end.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Bellwire } from '../../sdk/client/index.ts';
import type { WebhookEvent } from '../../sdk/receiver/index.ts';
import { startAgent } from './agent.ts';
import { Assistant } from './assistant.ts';
import { startBellwire } from './bellwire-process.ts';
import type { BellwireProcess } from './bellwire-process.ts';
import { showOutcomes } from './outcomes.ts';
import { heading, note, say } from './screen.ts';
import { BAD_TRIP, GOOD_TRIP, PLANS } from './story.ts';
import { ORDERS, readTask, REPORTS } from './task.ts';
import { TravelAgent } from './travel-agent.ts';

const STORY_WITHIN_MS = 60_000;
const STOPPED_BY_USER = Symbol('stopped by the user');

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pace: { type: 'string', default: '1' } } });
  const end = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => end.abort(STOPPED_BY_USER));
  }
  try {
    await demo(Number(values.pace), end);
  } catch (error) {
    if (error !== STOPPED_BY_USER) throw error;
  }
  // Whatever the agents were still at ends with the demo.
  process.exit(0);
}

async function demo(pace: number, end: AbortController): Promise<void> {
  const signal = AbortSignal.any([end.signal, AbortSignal.timeout(STORY_WITHIN_MS)]);
  const onError = (error: unknown) => end.abort(error);
  await using bellwire = await startBellwire();
  const client = new Bellwire({ baseUrl: bellwire.url, apiKey: bellwire.adminKey });
  const travelAgent = new TravelAgent({ client, plans: PLANS, pace });
  await using orders = await startAgent({
    name: 'travel agent',
    client,
    eventTypes: ORDERS,
    on: travelAgent.on,
    onError,
  });
  const assistant = new Assistant(client);
  await using reports = await startAgent({
    name: 'assistant',
    client,
    eventTypes: REPORTS,
    on: assistant.on,
    beforeTaking: busyOnce(),
    onError,
  });
  note(`Bellwire is at ${bellwire.url}; both agents have subscribed and wait for the bell.`);
  await Promise.race([tellStory(assistant), abortOf(signal)]);
  const names = new Map([
    [orders.subscriptionId, 'travel agent'],
    [reports.subscriptionId, 'assistant'],
  ]);
  const retried = await showOutcomes(client, [GOOD_TRIP, BAD_TRIP], names, signal);
  if (!process.stdout.isTTY) return;
  showWayAround(bellwire, retried[0]?.id);
  await once(end.signal, 'abort');
}

async function tellStory(assistant: Assistant): Promise<void> {
  heading('First trip: all goes well');
  say('you', 'A long weekend in Lisbon, please: flight, hotel and a car.');
  await assistant.plan(GOOD_TRIP, 'in turn');
  heading('Second trip: the flight fails');
  say('you', 'The same for my parents, please, all at once: they are in a hurry.');
  await assistant.plan(BAD_TRIP, 'all at once');
}

/** The hiccup of the story: the assistant can't take the good news about the hotel at first. */
function busyOnce(): (event: WebhookEvent) => void {
  let busy = true;
  return (event) => {
    if (!busy || event.event_type !== 'task.completed' || readTask(event).part !== 'hotel') return;
    busy = false;
    say('bellwire', 'the assistant is busy and answers 503; the event is kept and tried again');
    throw new Error('busy for a moment');
  };
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function showWayAround({ url, adminKey }: BellwireProcess, deliveryId: string | undefined): void {
  const curl = (path: string) =>
    console.log(`curl -H 'authorization: Bearer ${adminKey}' '${url}${path}'`);
  heading('Bellwire keeps running until you press Ctrl-C. Look around:');
  console.log(`API page: ${url}/docs`);
  curl(`/v1/events?run_id=${BAD_TRIP}`);
  curl('/v1/webhooks/subscriptions');
  if (deliveryId !== undefined) curl(`/v1/deliveries/${deliveryId}/attempts`);
}

await main();
