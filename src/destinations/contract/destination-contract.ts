/** What every destination keeps to. Each kind runs it against the real thing. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { deliveryId } from '../../domain/ids.ts';
import { classify } from '../../domain/outcome.ts';
import { DEFAULT_CHOICES, liveSecret, type Subscription } from '../../domain/subscription.ts';
import type { AttemptJob, RunningAttempt } from '../destination.ts';
import type { DestinationHarness, DestinationWorld, Where } from './harness.ts';

const START_AT = 1_750_000_000_000;

export function subscriptionTo(where: Where, more: Partial<Subscription> = {}): Subscription {
  return {
    ...DEFAULT_CHOICES,
    ...where,
    eventTypes: ['**'],
    timeoutMs: 10_000,
    number: 3,
    id: 'sub_3',
    tenant: 12,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret('the secret of this contract')],
    ...more,
  };
}

export function jobFor(
  subscription: Subscription,
  sequence: number,
  more: Partial<AttemptJob> = {},
): AttemptJob {
  const id = `evt_contract_${sequence}`;
  const text =
    `{"webhook_id":"${id}","event_type":"task.completed","timestamp":"2025-06-15T15:06:40.000Z",` +
    `"data":{"sequence":${sequence},"text":"Grüße \\ud83d\\udd14","spaces":  1}}`;
  return {
    subscription,
    eventId: id,
    eventType: 'task.completed',
    orderingKey: null,
    sequence,
    createdAt: START_AT,
    body: Buffer.from(text),
    attemptNumber: 1,
    startedAt: START_AT,
    ...more,
  };
}

/** Waits for the end of a try. */
export async function attempt(
  world: Pick<DestinationWorld, 'destination'>,
  job: AttemptJob,
): Promise<AttemptResult> {
  let ends = 0;
  let returned = false;
  const result = await new Promise<AttemptResult>((resolve) => {
    world.destination.attempt(job, (ended) => {
      assert.ok(returned, 'done ran before attempt returned');
      ends += 1;
      resolve(ended);
    });
    returned = true;
  });
  assert.equal(ends, 1, 'done ran more than once');
  return result;
}

/** `delivered`, or the reason of the failure. */
export function outcomeOf(result: AttemptResult): string {
  const verdict = classify(result);
  return verdict.kind === 'delivered' ? 'delivered' : verdict.reason;
}

export function destinationContract(harness: DestinationHarness): void {
  describe(`destination contract: ${harness.name}`, { skip: harness.skip ?? false }, () => {
    const check = (
      name: string,
      body: (world: DestinationWorld, t: TestContext) => Promise<void>,
    ) => test(name, async (t) => body(await harness.open(t), t));
    taking(check, harness);
    losing(check);
    refusing(check);
    ending(check);
  });
}

type Check = (
  name: string,
  body: (world: DestinationWorld, t: TestContext) => Promise<void>,
) => unknown;

function taking(check: Check, harness: DestinationHarness): void {
  check('what is done has been received: the bytes, the ids, the headers', async (world) => {
    const subscription = subscriptionTo(world.where, { headers: { 'x-team': 'billing' } });
    const job = jobFor(subscription, 7, { attemptNumber: 2 });
    const result = await attempt(world, job);
    assert.equal(outcomeOf(result), 'delivered', JSON.stringify(result));
    const [message] = await world.received(1);
    assert.deepEqual(Buffer.from(message?.body ?? []), job.body);
    const header = (name: string) => message?.headers[harness.headerNames?.[name] ?? name];
    assert.equal(header('webhook-id'), job.eventId);
    assert.equal(header('bellwire-delivery-id'), deliveryId(START_AT, 7, subscription.number));
    assert.equal(header('bellwire-attempt'), '2');
    assert.equal(header('content-type'), 'application/json');
    assert.equal(header('x-team'), 'billing');
    assert.match(header('traceparent') ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  check('the payload is written in the format asked for', async (world) => {
    const subscription = subscriptionTo(world.where, { payloadFormat: 'cloudevents' });
    const job = jobFor(subscription, 8);
    assert.equal(outcomeOf(await attempt(world, job)), 'delivered');
    const [message] = await world.received(1);
    const event: Record<string, unknown> = JSON.parse(Buffer.from(message?.body ?? []).toString());
    assert.equal(event['specversion'], '1.0');
    assert.equal(event['id'], job.eventId);
  });

  check('many at once all arrive, once each', async (world) => {
    const subscription = subscriptionTo(world.where);
    const sequences = Array.from({ length: 300 }, (_, index) => index + 1);
    const results = await Promise.all(
      sequences.map((sequence) => attempt(world, jobFor(subscription, sequence))),
    );
    assert.deepEqual([...new Set(results.map(outcomeOf))], ['delivered']);
    const ids = (await world.received(300)).map(idOf);
    assert.deepEqual(ids.toSorted(byNumber), sequences.map(eventIdOf));
  });

  check('one after the other keeps their order', async (world) => {
    const subscription = subscriptionTo(world.where, { ordered: true });
    const sequences = Array.from({ length: 20 }, (_, index) => index + 1);
    for (const sequence of sequences) {
      const job = jobFor(subscription, sequence, { orderingKey: 'one line' });
      assert.equal(outcomeOf(await attempt(world, job)), 'delivered');
    }
    assert.deepEqual((await world.received(20)).map(idOf), sequences.map(eventIdOf));
  });
}

function losing(check: Check): void {
  check(
    'a lost connection fails what it carried, and the next try has a new one',
    async (world) => {
      const subscription = subscriptionTo(world.where);
      assert.equal(outcomeOf(await attempt(world, jobFor(subscription, 1))), 'delivered');
      world.proxy.stall();
      const lost = attempt(world, jobFor(subscription, 2));
      world.proxy.cut();
      await world.proxy.heal();
      assert.match(outcomeOf(await lost), /^(reset|connect|delivered)$/);
      const again = await attempt(world, jobFor(subscription, 2, { attemptNumber: 2 }));
      assert.equal(outcomeOf(again), 'delivered', JSON.stringify(again));
      assert.ok((await world.received(2)).some((message) => idOf(message) === eventIdOf(2)));
    },
  );

  check('a server that is gone is a failure to connect, until it is back', async (world) => {
    const subscription = subscriptionTo(world.where, { timeoutMs: 2_000 });
    await world.proxy.refuse();
    const refused = await attempt(world, jobFor(subscription, 1));
    assert.match(outcomeOf(refused), /^(connect|reset|timeout)$/, JSON.stringify(refused));
    await world.proxy.heal();
    const patient = subscriptionTo(world.where);
    assert.equal(outcomeOf(await attempt(world, jobFor(patient, 1))), 'delivered');
    assert.equal((await world.received(1)).length, 1);
  });

  check('no answer in time is a timeout, and what comes later finds a way', async (world) => {
    const hasty = subscriptionTo(world.where, { timeoutMs: 300 });
    assert.equal(
      outcomeOf(await attempt(world, jobFor(subscriptionTo(world.where), 1))),
      'delivered',
    );
    world.proxy.stall();
    const late = await attempt(world, jobFor(hasty, 2));
    assert.equal(outcomeOf(late), 'timeout', JSON.stringify(late));
    await world.proxy.heal();
    const next = await attempt(world, jobFor(subscriptionTo(world.where), 3));
    assert.equal(outcomeOf(next), 'delivered', JSON.stringify(next));
  });
}

function refusing(check: Check): void {
  check('wrong credentials are told as such, and name no secret', async (world, t) => {
    if (world.wrongCredentials === null) return t.skip('it has no credentials');
    const result = await attempt(world, jobFor(subscriptionTo(world.wrongCredentials), 1));
    assert.equal(outcomeOf(result), 'auth_failed', JSON.stringify(result));
    for (const secret of Object.values(world.wrongCredentials.credentials ?? {})) {
      assert.ok(!JSON.stringify(result).includes(secret));
    }
  });

  check('a place that takes nothing rejects for good, and others go on', async (world, t) => {
    if (world.rejecting === null) return t.skip('it has no such place');
    const [rejected, taken] = await Promise.all([
      attempt(world, jobFor(subscriptionTo(world.rejecting), 1)),
      attempt(world, jobFor(subscriptionTo(world.where), 2)),
    ]);
    assert.equal(outcomeOf(rejected), 'rejected', JSON.stringify(rejected));
    assert.equal(outcomeOf(taken), 'delivered', JSON.stringify(taken));
  });

  check('a poison message is rejected for good, and its batch is not', async (world, t) => {
    const { poison } = world;
    if (poison === null) return t.skip('it has no such message');
    const subscription = subscriptionTo(world.where);
    const results = await Promise.all([
      attempt(world, jobFor(subscription, 1)),
      attempt(world, poison(jobFor(subscription, 2))),
      attempt(world, jobFor(subscription, 3)),
    ]);
    assert.deepEqual(results.map(outcomeOf), ['delivered', 'rejected', 'delivered']);
  });
}

function ending(check: Check): void {
  check('a try that is broken off ends once, as a reset', async (world) => {
    world.proxy.stall();
    const subscription = subscriptionTo(world.where);
    const ended: AttemptResult[] = [];
    let running: RunningAttempt | undefined;
    await new Promise<void>((resolve) => {
      running = world.destination.attempt(jobFor(subscription, 1), (result) => {
        ended.push(result);
        resolve();
      });
      running.abort();
      running.abort();
    });
    assert.deepEqual(ended.map(outcomeOf), ['reset']);
    await world.proxy.heal();
  });

  check('closing lets what is under way end', async (world, t) => {
    if (world.destination.close === undefined) return t.skip('it keeps nothing open of its own');
    const subscription = subscriptionTo(world.where);
    const running = [1, 2, 3].map((sequence) => attempt(world, jobFor(subscription, sequence)));
    await world.destination.close();
    const results = await Promise.all(running);
    assert.deepEqual([...new Set(results.map(outcomeOf))], ['delivered']);
    await world.proxy.drained();
  });
}

function idOf(message: { readonly body: Uint8Array }): string {
  const envelope: { webhook_id: string } = JSON.parse(Buffer.from(message.body).toString());
  return envelope.webhook_id;
}

function eventIdOf(sequence: number): string {
  return `evt_contract_${sequence}`;
}

function byNumber(one: string, other: string): number {
  return Number(one.slice(13)) - Number(other.slice(13));
}
