/** What became of every event, as the API tells it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Attempt, Bellwire, Delivery, Event } from '../../sdk/client/index.ts';
import { heading, note, table, timeOf } from './screen.ts';

interface Outcome {
  readonly event: Event;
  readonly delivery: Delivery;
  readonly attempts: readonly Attempt[];
}

const FINAL: ReadonlySet<string> = new Set(['delivered', 'exhausted', 'cancelled']);
const ASK_EVERY_MS = 50;

/**
 * Waits until every delivery of these trips has ended, then prints one line each.
 *
 * @param names What to call the subscriptions, by id.
 * @returns The deliveries that took more than one attempt.
 */
export async function showOutcomes(
  client: Bellwire,
  tripIds: readonly string[],
  names: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<readonly Delivery[]> {
  const outcomes = await settled(client, tripIds, signal);
  heading('What Bellwire has on record (GET /v1/events, …/deliveries, …/attempts)');
  table(
    ['time', 'event', 'task', 'to', 'outcome', 'answers', 'ms'],
    outcomes.map(({ event, delivery, attempts }) => [
      timeOf(event.created_at),
      event.event_type,
      event.task_id ?? '',
      names.get(delivery.subscription_id ?? '') ?? '',
      delivery.status,
      attempts.map((attempt) => attempt.response_status ?? attempt.failure_reason).join(' → '),
      attempts.map((attempt) => Math.round(attempt.duration_ms)).join(' + '),
    ]),
  );
  const retried = outcomes.filter(({ attempts }) => attempts.length > 1);
  for (const outcome of retried) explain(outcome);
  const delivered = outcomes.filter(({ delivery }) => delivery.status === 'delivered').length;
  const attempts = outcomes.reduce((sum, outcome) => sum + outcome.attempts.length, 0);
  heading(`${outcomes.length} deliveries, ${attempts} attempts, ${delivered} delivered.`);
  return retried.map(({ delivery }) => delivery);
}

function explain({ event, attempts }: Outcome): void {
  console.log(`\nWhy ${event.event_type} of ${event.task_id} took ${attempts.length} attempts:`);
  for (const attempt of attempts) {
    const answer = attempt.response_status ?? attempt.failure_reason;
    note(`  ${timeOf(attempt.started_at)}  ${attempt.trigger}: ${answer} ${said(attempt)}`);
  }
}

function said({ detail, response_body }: Attempt): string {
  return [detail, response_body].filter((text) => text !== null && text !== '').join(' ');
}

async function settled(
  client: Bellwire,
  tripIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  for (;;) {
    const outcomes = await outcomesOf(client, tripIds, signal);
    if (outcomes.every(({ delivery }) => FINAL.has(delivery.status))) return outcomes;
    await pause(ASK_EVERY_MS, undefined, { signal });
  }
}

async function outcomesOf(
  client: Bellwire,
  tripIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const tripId of tripIds) {
    const events = await Array.fromAsync(client.events.list({ run_id: tripId }, { signal }));
    for (const event of events.toReversed()) {
      for await (const delivery of client.events.deliveries(event.id, {}, { signal })) {
        const attempts = await Array.fromAsync(
          client.deliveries.attempts(delivery.id, {}, { signal }),
        );
        outcomes.push({ event, delivery, attempts });
      }
    }
  }
  return outcomes;
}
