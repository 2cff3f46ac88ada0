/**
 * `npm run demo`: an assistant books a trip with the help of a travel agent. The two never call
 * each other and never poll: all they say travels through Bellwire as signed events.
 *
 * `--pace 0.5` has the work done in half the time. In a terminal Bellwire runs on at the end.
 */
import { parseArgs } from 'node:util';
import { Bellwire } from '../../sdk/client/index.ts';
import { startAgent } from './agent.ts';
import { Assistant } from './assistant.ts';
import { startBellwire, type BellwireProcess } from './bellwire-process.ts';
import { hiccupDuring } from './hiccup.ts';
import { showOutcomes } from './outcomes.ts';
import { heading, note, say } from './screen.ts';
import { BAD_TRIP, GOOD_TRIP, PLANS } from './story.ts';
import { ORDERS, REPORTS, taskIdOf } from './task.ts';
import { TravelAgent } from './travel-agent.ts';

const STORY_WITHIN_MS = 60_000;
const STOPPED_BY_USER = Symbol('stopped by the user');

/** Aborted by a signal from outside, or by what went wrong. */
const end = new AbortController();

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pace: { type: 'string', default: '1' } } });
  const pace = Number(values.pace);
  if (!(pace > 0)) throw new RangeError(`--pace must be a positive number, not ${values.pace}`);
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => end.abort(STOPPED_BY_USER));
  }
  try {
    await demo(pace);
  } catch (error) {
    if (end.signal.reason !== STOPPED_BY_USER) throw error;
  }
  // Whatever the agents were still at ends with the demo.
  process.exit(0);
}

async function demo(pace: number): Promise<void> {
  note('Starting Bellwire…');
  await using bellwire = await startBellwire();
  const client = new Bellwire({ baseUrl: bellwire.url, apiKey: bellwire.adminKey });
  const onError = (error: unknown) => end.abort(error);
  const travelAgent = new TravelAgent({ client, plans: PLANS, pace });
  await using orders = await startAgent({
    name: 'travel agent',
    client,
    eventTypes: ORDERS,
    on: travelAgent.on,
    onError,
  });
  const assistant = new Assistant(client);
  const hiccup = hiccupDuring(taskIdOf(GOOD_TRIP, 'hotel'));
  await using reports = await startAgent({
    name: 'assistant',
    client,
    eventTypes: REPORTS,
    on: { ...assistant.on, ...hiccup.on },
    isBusy: hiccup.isBusy,
    onError,
  });
  note(`Bellwire is at ${bellwire.url}; both agents have subscribed and wait for the bell.`);
  const tooLate = setTimeout(
    () => end.abort(new Error(`The story did not end within ${STORY_WITHIN_MS} ms`)),
    STORY_WITHIN_MS,
  );
  await Promise.race([tellStory(assistant), untimelyEnd()]);
  const names = new Map([
    [orders.subscriptionId, 'travel agent'],
    [reports.subscriptionId, 'assistant'],
  ]);
  const retried = await showOutcomes(client, [GOOD_TRIP, BAD_TRIP], names, end.signal);
  clearTimeout(tooLate);
  if (!process.stdout.isTTY) return;
  showWayAround(bellwire, retried[0]?.id);
  await untimelyEnd();
}

async function tellStory(assistant: Assistant): Promise<void> {
  heading('First trip: all goes well');
  say('you', 'A long weekend in Lisbon, please: flight, hotel and a car.');
  await assistant.plan(GOOD_TRIP, 'in turn');
  heading('Second trip: the flight fails');
  say('you', 'The same for my parents, please, all at once: they are in a hurry.');
  await assistant.plan(BAD_TRIP, 'all at once');
}

/** Rejects with the reason of the end. */
function untimelyEnd(): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(end.signal.reason);
    if (end.signal.aborted) fail();
    else end.signal.addEventListener('abort', fail, { once: true });
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
