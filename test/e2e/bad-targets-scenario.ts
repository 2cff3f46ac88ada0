/**
 * Fifty targets, five of them bad: the other forty-five must not notice, and what became of the
 * rest must be visible.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { CreateSubscription, Delivery } from '../../sdk/client/types.ts';
import { FakeReceiver } from '../../src/testing/fake-receiver.ts';
import type { RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn, serverFor } from './call.ts';
import { RETRY_AFTER_SECONDS, Target, type Behaviour } from './targets.ts';

export interface BadTargetsScenario {
  /** A multiple of 50: each event goes to one target. */
  readonly events: number;
  /** How long the hanging target may hold an attempt. */
  readonly hangTimeoutMs: number;
  /**
   * From the request that publishes an event to its arrival at a healthy target, for 99 %. Less
   * than the hanging target takes, so that whoever has to wait for that one is late.
   */
  readonly healthyP99Ms: number;
  readonly deadlineMs: number;
}

const TARGETS = 50;
const BAD: readonly Behaviour[] = ['hang', 'error', 'reset', 'throttle', 'gone'];
const BATCH_EVENTS = 50;
/** Batches under way at a time. */
const PUBLISHERS = 4;

interface Published {
  readonly id: string;
  /** When the request that held it was sent, on the clock of `performance.now()`. */
  readonly at: number;
}

class World {
  readonly targets: Target[] = [];
  readonly subscriptionIds: string[] = [];
  readonly published = new Map<number, Published>();
  readonly server: RunningBellwire;
  readonly scenario: BadTargetsScenario;
  /** Most attempts that the hanging target held while another one got an event. */
  heldMeanwhile = 0;
  #arrived: () => void = () => {};

  constructor(server: RunningBellwire, scenario: BadTargetsScenario) {
    this.server = server;
    this.scenario = scenario;
  }

  get healthy(): readonly Target[] {
    return this.targets.filter(({ behaviour }) => behaviour === 'healthy');
  }

  /** The bad one of that kind, and its subscription. */
  bad(behaviour: Behaviour): { target: Target; subscription: string } {
    const index = BAD.indexOf(behaviour);
    const target = this.targets[index];
    assert.equal(target?.behaviour, behaviour);
    return { target, subscription: this.subscriptionIds[index] ?? '' };
  }

  async subscribeAll(t: TestContext): Promise<void> {
    for (let index = 0; index < TARGETS; index += 1) {
      const target = new Target(BAD[index] ?? 'healthy', `t${index}`, () =>
        this.#arrivedAt(target),
      );
      this.targets.push(target);
      await target.start();
      t.after(() => target.close());
      const { id } = await this.server.client.subscriptions.create({
        event_type: `load.t${index}`,
        target_url: target.url,
        secret: target.secret,
        ...this.#settingsFor(target.behaviour),
      });
      this.subscriptionIds.push(id);
    }
  }

  #arrivedAt(target: Target): void {
    const held = this.targets[BAD.indexOf('hang')]?.held ?? 0;
    if (target.behaviour === 'healthy') this.heldMeanwhile = Math.max(this.heldMeanwhile, held);
    this.#arrived();
  }

  #settingsFor(behaviour: Behaviour): Partial<CreateSubscription> {
    if (behaviour === 'hang') return { timeout_ms: this.scenario.hangTimeoutMs };
    // Shorter than what the receiver asks for, so that only its wish can explain the wait.
    if (behaviour === 'throttle') return { retry_schedule: [0.1, 3_600] };
    return {};
  }

  async publishAll(): Promise<void> {
    let next = 0;
    const publishBatches = async (): Promise<void> => {
      while (next < this.scenario.events) {
        const first = next;
        next += BATCH_EVENTS;
        await this.#publishBatch(first, Math.min(next, this.scenario.events));
      }
    };
    await Promise.all(Array.from({ length: PUBLISHERS }, publishBatches));
  }

  async #publishBatch(first: number, end: number): Promise<void> {
    const numbers = Array.from({ length: end - first }, (_, index) => first + index);
    const at = performance.now();
    const { data } = await this.server.client.events.publishBatch(
      numbers.map((number) => ({ event_type: `load.t${number % TARGETS}`, data: { number } })),
    );
    for (const [index, { id, status }] of data.entries()) {
      assert.equal(status, 'accepted');
      this.published.set(first + index, { id: id ?? '', at });
    }
  }

  /** Ids of the events that go to that target. */
  idsFor(target: Target): Set<string> {
    const place = this.targets.indexOf(target);
    const own = [...this.published].filter(([number]) => number % TARGETS === place);
    return new Set(own.map(([, { id }]) => id));
  }

  /** Resolves when the healthy targets have got as many requests as there are events for them. */
  async healthyDone(): Promise<void> {
    const each = this.scenario.events / TARGETS;
    const isDone = () => this.healthy.every(({ arrivals }) => arrivals.length >= each);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { deadlineMs } = this.scenario;
    const late = new Error(`healthy targets were not done after ${deadlineMs} ms`);
    const deadline = setTimeout(() => reject(late), deadlineMs);
    this.#arrived = () => isDone() && resolve();
    if (isDone()) resolve();
    await promise.finally(() => clearTimeout(deadline));
  }
}

export async function badTargetsScenario(
  t: TestContext,
  scenario: BadTargetsScenario,
): Promise<void> {
  const operator = await FakeReceiver.start();
  t.after(() => operator.close());
  const world = new World(await serverFor(t), scenario);
  await world.server.client.subscriptions.create({
    event_type: 'bellwire.subscription.disabled',
    target_url: operator.url,
  });
  await world.subscribeAll(t);
  await Promise.all([world.publishAll(), world.healthyDone()]);

  assert.ok(world.heldMeanwhile > 0, 'the hanging target held no attempt while the others worked');
  assertHealthy(t, world);
  await assertGone(world, operator);
  await assertRefusing(world, 'error', 'the receiver answered 500 Internal Server Error', 'status');
  await assertRefusing(world, 'reset', /connection/, 'reset');
  await assertRefusing(world, 'throttle', 'the receiver answered 429 Too Many Requests', 'status');
  await assertThrottled(world);
  // The last, because its attempts end by their timeout alone.
  await assertRefusing(world, 'hang', /no complete response within \d+ ms/, 'timeout');
}

function assertHealthy(t: TestContext, world: World): void {
  const latencies: number[] = [];
  for (const target of world.healthy) {
    const { arrivals, signaturesChecked, wrongSignatures } = target;
    assert.deepEqual(new Set(arrivals.map(({ id }) => id)), world.idsFor(target));
    assert.equal(arrivals.length, world.scenario.events / TARGETS, 'an event came twice');
    assert.ok(signaturesChecked > 0);
    assert.equal(wrongSignatures, 0);
    for (const { id, number, at } of arrivals) {
      const event = world.published.get(number);
      assert.equal(event?.id, id);
      latencies.push(at - event.at);
    }
  }
  const sorted = latencies.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  t.diagnostic(`healthy targets: median ${Math.round(median)} ms, p99 ${Math.round(p99)} ms`);
  assert.ok(p99 <= world.scenario.healthyP99Ms, `p99 of healthy targets is ${p99} ms`);
}

/** 410: disabled with its reason, everything held, and the operator told. */
async function assertGone(world: World, operator: FakeReceiver): Promise<void> {
  const { target, subscription } = world.bad('gone');
  const { client } = world.server;
  const [told] = await operator.waitFor(1, { deadlineMs: world.scenario.deadlineMs });
  const shown = await client.subscriptions.get(subscription);
  assert.equal(shown.status, 'disabled');
  assert.equal(shown.disabled_reason, 'the receiver answered 410 Gone');
  const event = objectIn({ text: told?.body.toString() ?? '' });
  assert.equal(event['event_type'], 'bellwire.subscription.disabled');
  assert.deepEqual(event['data'], {
    subscription_id: subscription,
    reason: shown.disabled_reason,
    target_url: target.url,
  });
  const deliveries = await settled(world, subscription, ({ status }) => status === 'held');
  assert.deepEqual(new Set(deliveries.map(({ event_id: id }) => id)), world.idsFor(target));
  for (const { reason, next_attempt_at: next } of deliveries) {
    assert.match(reason ?? '', /410 Gone|the subscription is disabled/);
    assert.equal(next, null);
  }
  assert.equal(operator.requests.length, 1, 'it was disabled once and told once');
}

/** What was tried waits for its retry; the rest waits behind the open breaker, unspent. */
async function assertRefusing(
  world: World,
  behaviour: Behaviour,
  reason: string | RegExp,
  failure: string,
): Promise<void> {
  const { target, subscription } = world.bad(behaviour);
  const lane = await waitUntil(
    async () => {
      const path = `/v1/webhooks/subscriptions/${subscription}/health`;
      const health = objectIn(await call(world.server, path));
      const found = objectIn({ text: JSON.stringify(health['lane'] ?? {}) });
      return found['breaker'] === 'open' && found['in_flight'] === 0 && found;
    },
    { what: `the breaker of ${behaviour} to open`, deadlineMs: world.scenario.deadlineMs },
  );
  const deliveries = await settled(world, subscription, ({ status }) => status !== 'sending');
  assert.deepEqual(new Set(deliveries.map(({ event_id: id }) => id)), world.idsFor(target));
  const tried = deliveries.filter(({ attempts }) => attempts > 0);
  const untried = deliveries.filter(({ attempts }) => attempts === 0);
  assert.ok(tried.length > 0 && untried.length > 0, `${tried.length} of ${deliveries.length}`);
  assert.ok(Number(lane['queued']) >= untried.length, 'all that is untried is queued');
  assert.ok(Date.parse(String(lane['probe_at'])) > Date.parse(tried[0]?.created_at ?? ''));
  assert.ok(untried.every(({ status }) => status === 'pending'));
  for (const delivery of tried) {
    assert.equal(delivery.status, 'waiting');
    assert.match(delivery.reason ?? '', typeof reason === 'string' ? new RegExp(reason) : reason);
    assert.ok(delivery.next_attempt_at !== null);
  }
  const [sample] = tried;
  const [attempt] = (await world.server.client.deliveries.attempts(sample?.id ?? '').page()).data;
  assert.equal(attempt?.outcome, 'failed');
  assert.equal(attempt.failure_reason, failure);
}

/** `Retry-After` is longer than the step of the schedule here, and wins. */
async function assertThrottled(world: World): Promise<void> {
  const { subscription } = world.bad('throttle');
  const { client } = world.server;
  const deliveries = await settled(world, subscription, () => true);
  for (const { id } of deliveries.filter(({ attempts }) => attempts > 0)) {
    const [first] = (await client.deliveries.attempts(id).page()).data;
    const ended = Date.parse(first?.started_at ?? '') + (first?.duration_ms ?? 0);
    const waitMs = Date.parse(first?.next_attempt_at ?? '') - ended;
    assert.ok(waitMs >= RETRY_AFTER_SECONDS * 1_000 - 50, `${id} is tried again in ${waitMs} ms`);
    assert.equal(first?.response_headers?.['retry-after'], String(RETRY_AFTER_SECONDS));
  }
}

/** All deliveries of a subscription, once each is as it should be. */
async function settled(
  { server, scenario }: World,
  subscription: string,
  isSettled: (delivery: Delivery) => boolean,
): Promise<readonly Delivery[]> {
  return waitUntil(
    async () => {
      const all: Delivery[] = [];
      const query = { subscription_id: subscription, limit: 250 };
      for await (const delivery of server.client.deliveries.list(query)) all.push(delivery);
      return all.length === scenario.events / TARGETS && all.every(isSettled) && all;
    },
    { what: `the deliveries of ${subscription}`, deadlineMs: scenario.deadlineMs },
  );
}
