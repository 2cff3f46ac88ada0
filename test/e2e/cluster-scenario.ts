/**
 * Several servers on one PostgreSQL under load, and one of them is killed, or frozen until the
 * others have taken over. Nothing that got its 202 may be lost, no `webhook-id` may change, and
 * only what was in flight may come twice.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { findTestServer } from '../../src/storage/postgres/testing/test-server.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Publishers } from './publishers.ts';
import { Sink } from './sink.ts';

export interface ClusterScenario {
  readonly events: number;
  readonly targets: number;
  readonly leaseSeconds: number;
  /** SIGSTOP: it is continued when the others have taken over, and must end by itself. */
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** How many events have their 202 when the signal is sent. */
  readonly afterAcked: number;
  readonly deadlineMs: number;
}

/** The promise, from the signal to the first delivery out of the dead node's hands. */
const TAKEOVER_WITHIN_MS = 30_000;

/** How fast targets answer: before the signal, so that work piles up, and after it. */
const SLOW_MS = 2_000;
const FAST_MS = 20;

const ADMIN_KEY = 'the-admin-key-of-the-cluster-test';
const CONCURRENT_PUBLISHERS = 64;
const MAX_IN_FLIGHT = 4;
const FILLER_CHARS = 200;

/** Pause of a publisher whose request failed. */
const AGAIN_MS = 20;

/** See kill-scenario.ts: until its outcome is on disk, at most 2 s, an attempt is in flight. */
const IN_FLIGHT_WITHIN_MS = SLOW_MS + 2_000;
const IN_FLIGHT_FACTOR = 3;

const READ_LATE_MS = 300;

/** An event by whose 202 it was. */
interface Accepted {
  readonly id: string;
  readonly url: string;
}

/** @throws Error when there is no PostgreSQL: the caller has looked for one. */
export async function clusterScenario(t: TestContext, scenario: ClusterScenario): Promise<void> {
  const { events, targets, deadlineMs, afterAcked, signal } = scenario;
  const sink = await Sink.start({ answerAfterMs: SLOW_MS, ports: targets });
  t.after(() => sink.close());
  const [victim, survivor] = await startNodes(t, scenario.leaseSeconds);
  await subscribe(survivor, sink);
  const accepted: Accepted[] = [];
  const balancer = new Balancer([victim.url, survivor.url]);
  const publishers = new Publishers({
    get url() {
      return balancer.next();
    },
    adminKey: ADMIN_KEY,
    eventType: (number) => `load.cluster${number % targets}`,
    events,
    concurrency: CONCURRENT_PUBLISHERS,
    fillerChars: FILLER_CHARS,
    onAcked: (id, url) => accepted.push({ id, url }),
    serverIsUp: () => pause(AGAIN_MS, undefined, { signal: t.signal }),
  });
  const published = publishers.run();
  await Promise.race([publishers.ackedCount(afterAcked), published]);
  const at = performance.now();
  process.kill(victim.pid, signal);
  balancer.remove(victim.url);
  sink.answerAfterMs = FAST_MS;
  const left = accepted.filter(({ id, url }) => url === victim.url && !sink.byId.has(id));
  const inFlight = targets * MAX_IN_FLIGHT;
  assert.ok(left.length > inFlight, `the victim had only ${left.length} left`);
  if (signal === 'SIGKILL') await victim.ended;
  const endedAt = performance.now();
  const tookOverAfter = (await takenOver(sink, left, inFlight, deadlineMs)) - at;
  if (signal === 'SIGSTOP') await wakeAndEnd(victim);
  await published;
  await sink.waitForIds(events, deadlineMs);
  const allAfter = Math.max(...left.map(({ id }) => firstTime(sink, id) - at));
  await nothingLeft(survivor, deadlineMs);
  assertNothingLost(publishers, sink, events);
  const repeats = repeatsNear(sink, at, endedAt);
  const bound = IN_FLIGHT_FACTOR * inFlight;
  t.diagnostic(
    `${events} events, lost 0; the victim left ${left.length}: the first came after ` +
      `${seconds(tookOverAfter)}, the last after ${seconds(allAfter)}; ` +
      `${repeats} came twice (at most ${bound})`,
  );
  assert.ok(tookOverAfter < TAKEOVER_WITHIN_MS);
  assert.ok(repeats <= bound);
}

/** As a load balancer does: in turn, to those who are there. */
class Balancer {
  #urls: readonly string[];
  #turn = 0;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  next(): string {
    this.#turn += 1;
    return this.#urls[this.#turn % this.#urls.length] ?? '';
  }

  remove(url: string): void {
    this.#urls = this.#urls.filter((other) => other !== url);
  }
}

async function startNodes(
  t: TestContext,
  leaseSeconds: number,
): Promise<readonly [RunningBellwire, RunningBellwire]> {
  const database = await findTestServer();
  if (typeof database === 'string') throw new Error(database);
  const url = await database.createDatabase();
  t.after(async () => {
    await database.dropDatabase(url);
    await database.close();
  });
  const env = {
    BELLWIRE_DATABASE_URL: url,
    BELLWIRE_ADMIN_KEY: ADMIN_KEY,
    BELLWIRE_NODE_LEASE_SECONDS: String(leaseSeconds),
  };
  const start = async () => {
    const node = await startBellwire({ env });
    t.after(async () => {
      // One that is stopped, in the sense of SIGSTOP, would not hear of any other signal.
      await node.kill9();
      await node.stop();
    });
    return node;
  };
  return [await start(), await start()];
}

async function subscribe({ client }: RunningBellwire, sink: Sink): Promise<void> {
  for (const [target, url] of sink.urls.entries()) {
    await client.subscriptions.create({
      event_type: `load.cluster${target}`,
      target_url: url,
      max_in_flight: MAX_IN_FLIGHT,
    });
  }
}

/**
 * When the first event arrived that only the survivor can have sent: more of those that the victim
 * left have come than it can have had in flight.
 */
async function takenOver(
  sink: Sink,
  left: readonly Accepted[],
  inFlight: number,
  deadlineMs: number,
): Promise<number> {
  return waitUntil(
    () => {
      const times = left.map(({ id }) => firstTime(sink, id)).filter(Number.isFinite);
      return times.toSorted((a, b) => a - b)[inFlight];
    },
    { what: 'the survivor to take over', deadlineMs },
  );
}

function firstTime(sink: Sink, id: string): number {
  return sink.byId.get(id)?.times[0] ?? Number.POSITIVE_INFINITY;
}

/** It finds that it has no slot any more, and says so. */
async function wakeAndEnd(victim: RunningBellwire): Promise<void> {
  process.kill(victim.pid, 'SIGCONT');
  const { code } = await victim.ended;
  assert.equal(code, 1, victim.output());
  assert.match(victim.output(), /taken over/);
}

async function nothingLeft({ client }: RunningBellwire, deadlineMs: number): Promise<void> {
  const open = ['pending', 'sending', 'waiting', 'held', 'exhausted', 'cancelled'] as const;
  await waitUntil(
    async () => {
      const lists = open.map((status) => client.deliveries.list({ status, limit: 1 }).page());
      return (await Promise.all(lists)).every(({ data }) => data.length === 0);
    },
    { what: 'all deliveries to be recorded as delivered', deadlineMs },
  );
}

function assertNothingLost({ acked }: Publishers, sink: Sink, events: number): void {
  assert.equal(acked.size, events);
  const ids = new Set(acked.values());
  assert.equal(ids.size, events, 'two events share an id');
  assert.deepEqual(new Set(sink.byId.keys()), ids);
  for (const [number, id] of acked) {
    const arrivals = sink.byId.get(id);
    assert.equal(arrivals?.bodies.size, 1, `the bytes of ${id} changed between attempts`);
    const body = arrivals.body.toString();
    assert.ok(body.startsWith(`{"webhook_id":"${id}",`), body);
    assert.ok(body.endsWith(`,"number":${number}}}`), `${id} is event ${number}: ${body}`);
  }
}

/** How many came twice. @throws AssertionError when one did for another reason than the signal. */
function repeatsNear(sink: Sink, at: number, endedAt: number): number {
  let repeats = 0;
  for (const [id, { times }] of sink.repeated()) {
    for (const time of times.slice(0, -1)) {
      const isNear = time > at - IN_FLIGHT_WITHIN_MS && time < endedAt + READ_LATE_MS;
      assert.ok(isNear, `${id} came again though it was not in flight: ${String(times)}, ${at}`);
      repeats += 1;
    }
  }
  return repeats;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
