/**
 * Does an event cost more in a large journal than in a small one? Two servers, one with ten
 * thousand stored events and one with two million, do the same work in alternating slices: accept
 * and deliver, list a page, show one event with its deliveries. Filling takes some minutes, so
 * this question is asked only by name.
 */
import { compare, comparisonDetails, faultsOfBoth, warmUp } from './lib/compare.ts';
import type { ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { faultsOf, measure } from './lib/measure.ts';
import { eventTypeOf, sinkUrlOf } from './lib/payload.ts';
import { seededRandom } from './lib/prng.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { rateRows } from './lib/rows.ts';
import { startSubject } from './lib/servers.ts';
import type { Subject } from './lib/servers.ts';
import { median } from './lib/stats.ts';
import { closed, SEED } from './lib/traffic.ts';

const SMALL = 10_000;
const LARGE = 2_000_000;
const FILL_SECONDS = 20;
const FILL_CONNECTIONS = 256;
const CONNECTIONS = 64;
/** Flat within 20 %. */
const MAX_RATIO = 1.2;
const MIN_RATE_RATIO = 1 / MAX_RATIO;
const READS_PER_ROUND = 100;
const KNOWN_EVENTS = 400;

const rateOf: ValueOf = (measured) => measured.deliverRate;

export async function benchGrowth(context: BenchContext): Promise<Outcome> {
  const { load, rounds, seconds } = context;
  const large = await startSubject('bellwire');
  const small = await startSubject('bellwire');
  try {
    for (const server of [large, small]) {
      await server.subscribe(eventTypeOf(0), sinkUrlOf(load.sinkPort, 0));
    }
    const traffic = closed(CONNECTIONS, seconds, true);
    await warmUp(load, small, traffic);
    const filled = {
      small: await fill(context, small, SMALL),
      large: await fill(context, large, LARGE),
    };
    const events = { small: filled.small.stored, large: filled.large.stored };
    context.note(`growth: ${events.large} events against ${events.small}, ${rounds} rounds`);
    const known = {
      small: await someEvents(small, filled.small.firstSliceAt),
      large: await someEvents(large, filled.large.firstSliceAt),
    };
    const reads = await compareReads({ large, small }, known, rounds);
    const comparison = await compare({ load, subject: large, limit: small, traffic, rounds });
    const limitName = 'small journal';
    const rows = [
      ...rateRows(comparison, {
        connections: CONNECTIONS,
        limitName,
        rateOf,
        minRatio: MIN_RATE_RATIO,
      }),
      ...reads,
    ];
    return outcome('growth', rows, faultsOfBoth(comparison), {
      events_at_start: events,
      slices: comparisonDetails(comparison, rateOf),
    });
  } finally {
    await Promise.all([large.stop(), small.stop()]);
  }
}

interface Filled {
  readonly stored: number;
  /** ISO 8601: what is older lies at the journal's beginning. */
  readonly firstSliceAt: string;
}

/** Publishes and delivers until at least so many events are stored. */
async function fill(context: BenchContext, server: Subject, atLeast: number): Promise<Filled> {
  const { load } = context;
  let stored = 0;
  let firstSliceAt = '';
  while (stored < atLeast) {
    const slice = await measure(
      load,
      server,
      closed(FILL_CONNECTIONS, Math.min(FILL_SECONDS, atLeast / SMALL), true),
    );
    const [fault] = faultsOf(slice);
    if (fault !== undefined) throw new Error(`filling failed: ${fault}`);
    stored += slice.result.accepted;
    firstSliceAt ||= new Date().toISOString();
    context.note(`growth: ${stored} of ${atLeast} events stored`);
  }
  return { stored, firstSliceAt };
}

interface Sides {
  readonly large: Subject;
  readonly small: Subject;
}

/** Latency of what people ask, in turns. */
async function compareReads(
  sides: Sides,
  known: Readonly<Record<keyof Sides, readonly string[]>>,
  rounds: number,
): Promise<readonly RowInput[]> {
  const questions: readonly (readonly [string, (event: string) => string])[] = [
    ['page of events', () => '/v1/events?limit=50'],
    ['page of one event type', () => `/v1/events?limit=50&event_type=${eventTypeOf(0)}`],
    ['page of deliveries', () => '/v1/deliveries?limit=50'],
    ['one event', (event) => `/v1/events/${event}`],
    ['deliveries of one event', (event) => `/v1/events/${event}/deliveries`],
  ];
  const random = seededRandom(SEED);
  const rows: RowInput[] = [];
  for (const [metric, pathOf] of questions) {
    const times: Record<keyof Sides, number[]> = { large: [], small: [] };
    for (let read = 0; read < rounds * READS_PER_ROUND; read += 1) {
      for (const side of ['large', 'small'] as const) {
        const event = known[side][Math.floor(random() * known[side].length)] ?? '';
        times[side].push(await timed(sides[side], pathOf(event)));
      }
    }
    rows.push({
      metric,
      unit: 'ms',
      measured: median(times.large),
      limit: { name: 'small journal', value: median(times.small) },
      target: { of: 'ratio', bound: 'at most', value: MAX_RATIO },
    });
  }
  return rows;
}

/** Ids of the newest, and of some from when its filling had begun. */
async function someEvents(server: Subject, firstSliceAt: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const where of ['', `&until=${firstSliceAt}`]) {
    const page = await get(server, `/v1/events?limit=${KNOWN_EVENTS / 2}${where}`);
    const reply: { data: { id: string }[] } = JSON.parse(page);
    ids.push(...reply.data.map(({ id }) => id));
  }
  return ids;
}

async function timed(server: Subject, path: string): Promise<number> {
  const start = performance.now();
  await get(server, path);
  return performance.now() - start;
}

async function get({ port, authorization }: Subject, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { authorization: authorization ?? '' },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
  return text;
}
