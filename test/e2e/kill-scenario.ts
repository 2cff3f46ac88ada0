/**
 * The promise under fire: publishers and sink live here, the server is a child that gets killed.
 * Nothing that got its 202 may be lost, no `webhook-id` may change, and only what was in flight at
 * a kill may come twice.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Publishers } from './publishers.ts';
import { Sink } from './sink.ts';

export interface Interruption {
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** How many events have their 202 when the signal is sent. */
  readonly afterAcked: number;
  /**
   * … and this much later. At once finds what was acknowledged too early; a little later finds
   * requests that are being committed and whose publishers will never hear of it.
   */
  readonly laterMs?: number;
}

export interface KillScenario {
  readonly events: number;
  readonly interruptions: readonly Interruption[];
  readonly deadlineMs: number;
}

const ADMIN_KEY = 'the-admin-key-of-the-kill-test';
const EVENT_TYPE = 'load.kill';
const CONCURRENT_PUBLISHERS = 64;
const MAX_IN_FLIGHT = 32;
const ANSWER_AFTER_MS = 5;
/** One of so many events is published once more at the end. */
const REPEAT_EVERY = 25;
const STOPS_WITHIN_MS = 20_000;

/**
 * An attempt is in flight from its start until its outcome is on disk. Its answer comes within
 * milliseconds here, and two commits may lie between that and the disk, the one under way and the
 * one it goes into; this is how long both together may take on a very slow machine.
 */
const OUTCOME_DURABLE_WITHIN_MS = 2_000;

/** Less than a server needs to start, so that nothing of the next process is meant. */
const READ_LATE_MS = 300;

/** … and how many attempts end in that time, as a multiple of the window. */
const IN_FLIGHT_BOUND = 3 * MAX_IN_FLIGHT;

interface Kill {
  /** On the clock of `performance.now()`, milliseconds, as all instants here. */
  readonly at: number;
  readonly endedAt: number;
}

export async function killScenario(t: TestContext, scenario: KillScenario): Promise<void> {
  const { events, interruptions, deadlineMs } = scenario;
  const dataDir = await mkdtemp(join(tmpdir(), 'bellwire-test-'));
  const sink = await Sink.start({ answerAfterMs: ANSWER_AFTER_MS });
  t.after(() => sink.close());
  let server = await startBellwire({ dataDir, env: { BELLWIRE_ADMIN_KEY: ADMIN_KEY } });
  t.after(async () => {
    await server.kill9();
    await rm(dataDir, { recursive: true, force: true });
  });
  await server.client.subscriptions.create({
    event_type: EVENT_TYPE,
    target_url: sink.url,
    max_in_flight: MAX_IN_FLIGHT,
  });

  let up = Promise.resolve();
  const { url } = server;
  const publishers = new Publishers({
    url,
    adminKey: ADMIN_KEY,
    eventType: EVENT_TYPE,
    events,
    concurrency: CONCURRENT_PUBLISHERS,
    serverIsUp: () => up,
  });
  const published = publishers.run();
  const kills: Kill[] = [];
  for (const { signal, afterAcked, laterMs = 0 } of interruptions) {
    await Promise.race([publishers.ackedCount(afterAcked), published]);
    if (laterMs > 0) await pause(laterMs);
    const restarted = Promise.withResolvers<void>();
    up = restarted.promise;
    const at = performance.now();
    await interrupt(server, signal);
    if (signal === 'SIGKILL') kills.push({ at, endedAt: performance.now() });
    const { port } = new URL(url);
    const env = { BELLWIRE_ADMIN_KEY: ADMIN_KEY, BELLWIRE_PORT: port };
    server = await startBellwire({ dataDir, env });
    restarted.resolve();
  }
  await published;
  report(t, publishers);
  await sink.waitForIds(events, deadlineMs);
  await nothingLeft(server, deadlineMs);
  assertNothingLost(publishers, sink, events);
  await publishers.repeatEvery(REPEAT_EVERY);
  await nothingLeft(server, deadlineMs);
  assertNothingLost(publishers, sink, events);
  assertFewRepeated(t, sink, kills);
}

async function interrupt(server: RunningBellwire, signal: NodeJS.Signals): Promise<void> {
  const sentAt = performance.now();
  process.kill(server.pid, signal);
  const { code } = await server.ended;
  if (signal === 'SIGKILL') return;
  const tookMs = Math.round(performance.now() - sentAt);
  assert.equal(code, 0, `exit code after SIGTERM:\n${server.output()}`);
  assert.ok(tookMs < STOPS_WITHIN_MS, `stopping took ${tookMs} ms`);
}

/** Every delivery is settled, and settled as delivered. */
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

function report(t: TestContext, { acked, duplicates, failures }: Publishers): void {
  t.diagnostic(
    `${acked.size} events have their 202; ${failures} requests did not get theirs at first, ` +
      `${duplicates} of them had been committed`,
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

/** Twice came only what was in flight at a kill, and that is at most once per kill. */
function assertFewRepeated(t: TestContext, sink: Sink, kills: readonly Kill[]): void {
  const repeatsByKill = kills.map(() => 0);
  for (const [id, { times }] of sink.repeated()) {
    for (const [index, time] of times.slice(0, -1).entries()) {
      const kill = kills.findIndex(
        // What the dead process had sent may still lie in the socket when the sink gets to it.
        ({ at, endedAt }) => time > at - OUTCOME_DURABLE_WITHIN_MS && time < endedAt + READ_LATE_MS,
      );
      assert.notEqual(
        kill,
        -1,
        `${id} came again (${index + 2}.) without a kill: ${String(times)}`,
      );
      repeatsByKill[kill] = (repeatsByKill[kill] ?? 0) + 1;
    }
  }
  const bound = `at most ${IN_FLIGHT_BOUND} each`;
  t.diagnostic(`came twice after each kill -9: ${repeatsByKill.join(', ')} events (${bound})`);
  for (const repeats of repeatsByKill) {
    assert.ok(repeats <= IN_FLIGHT_BOUND, `${repeats} repeated after one kill`);
  }
}
