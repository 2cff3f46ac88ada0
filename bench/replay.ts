/**
 * Does a replay delay live events? Two servers get the same events for one target at a part of
 * what they could take; on one of them everything that was delivered before is being replayed to
 * the same target meanwhile, over and over. Slices alternate, so that both see the same machine.
 */
import {
  compare,
  comparisonDetails,
  faultsOfBoth,
  medianOf,
  medianRatio,
  warmUp,
} from './lib/compare.ts';
import type { Comparison, ValueOf } from './lib/compare.ts';
import type { BenchContext } from './lib/context.ts';
import { faultsOf, measure } from './lib/measure.ts';
import { eventTypeOf, sinkUrlOf } from './lib/payload.ts';
import { outcome } from './lib/report.ts';
import type { Outcome, RowInput } from './lib/report.ts';
import { startSubject } from './lib/servers.ts';
import type { Subject } from './lib/servers.ts';
import { closed, open } from './lib/traffic.ts';

const CONNECTIONS = 64;
const LOAD_FACTOR = 0.4;
const MAX_P99_RATIO = 1.5;
const REPLAYED_EVENTS = 100_000;
const LOOK_EVERY_MS = 250;

const p50Of: ValueOf = (measured) => measured.endToEnd.p50;
const p99Of: ValueOf = (measured) => measured.endToEnd.p99;

export async function benchReplay(context: BenchContext): Promise<Outcome> {
  const { load, rounds, seconds } = context;
  const replaying = await startSubject('bellwire');
  const plain = await startSubject('bellwire');
  try {
    for (const server of [replaying, plain]) {
      await server.subscribe(eventTypeOf(0), sinkUrlOf(load.sinkPort, 0));
    }
    const saturated = await measure(load, plain, closed(CONNECTIONS, seconds, true));
    context.note(`replay: storing ${REPLAYED_EVENTS} events`);
    const fillSeconds = Math.ceil(REPLAYED_EVENTS / saturated.deliverRate);
    await warmUp(load, replaying, closed(CONNECTIONS, fillSeconds, true));
    const ratePerSecond = saturated.deliverRate * LOAD_FACTOR;
    context.note(`replay: ${Math.round(ratePerSecond)} live events/s, ${rounds} rounds`);
    const arrivals = { arrivals: 'poisson', expectArrivals: true } as const;
    const traffic = open({ connections: CONNECTIONS, seconds, ratePerSecond, ...arrivals });
    const replays = new EndlessReplay(replaying);
    await replays.begin();
    const comparison = await compare({ load, subject: replaying, limit: plain, traffic, rounds });
    const replayed = await replays.end();
    context.note(`replay: ${replayed} deliveries were replayed meanwhile`);
    return report(comparison, [...faultsOf(saturated), ...faultsOfBoth(comparison)]);
  } finally {
    await Promise.all([replaying.stop(), plain.stop()]);
  }
}

/** One replay of everything after the other. */
class EndlessReplay {
  readonly #subject: Subject;
  #current = '';
  #replayed = 0;
  #ended = false;
  #loop: Promise<void> | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  async begin(): Promise<void> {
    await this.#start();
    this.#loop = this.#goOn();
  }

  /** @returns deliveries whose replayed attempt has ended. */
  async end(): Promise<number> {
    this.#ended = true;
    await this.#loop;
    const { done } = await this.#ask('POST', `/${this.#current}/cancel`);
    return this.#replayed + Number(done);
  }

  async #start(): Promise<void> {
    const wanted = { event_types: [eventTypeOf(0)] };
    this.#current = String((await this.#ask('POST', '', wanted))['id']);
  }

  async #goOn(): Promise<void> {
    while (!this.#ended) {
      const { status, done } = await this.#ask('GET', `/${this.#current}`);
      if (status === 'done') {
        this.#replayed += Number(done);
        await this.#start();
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async #ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const { port, authorization } = this.#subject;
    const response = await fetch(`http://127.0.0.1:${port}/v1/replays${path}`, {
      method,
      headers: { authorization: authorization ?? '', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    const reply: unknown = await response.json();
    return { ...(typeof reply === 'object' && reply) };
  }
}

function report(comparison: Comparison, faults: readonly string[]): Outcome {
  return outcome(
    'replay',
    [
      row(comparison, 'p50', p50Of),
      {
        ...row(comparison, 'p99', p99Of),
        target: { of: 'ratio', bound: 'at most', value: MAX_P99_RATIO },
      },
    ],
    [...faults],
    comparisonDetails(comparison, p99Of),
  );
}

function row(comparison: Comparison, metric: string, valueOf: ValueOf): RowInput {
  return {
    metric: `live ${metric} beside a replay`,
    unit: 'ms',
    measured: medianOf(comparison.subjects, valueOf),
    limit: { name: 'without', value: medianOf(comparison.limits, valueOf) },
    ratio: medianRatio(comparison, valueOf),
  };
}
