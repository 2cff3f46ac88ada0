/**
 * What does Bellwire cost on the way into a broker? Batches of the same size go there by the plain
 * client and through the destination, which adds headers, ids, time limits and an outcome for each;
 * both wait for the broker to confirm a batch before the next one. Slices alternate.
 */
import type { AttemptJob } from '../src/destinations/destination.ts';
import { whyAbsent } from '../src/destinations/testing/broker-world.ts';
import { DEFAULT_CHOICES, type Subscription } from '../src/domain/subscription.ts';
import { parseMasterKeys } from '../src/domain/master-keys.ts';
import { ThinLinks } from '../src/domain/thin-link.ts';
import { parseAllowTargets } from '../src/egress/allow-targets.ts';
import { createEgress } from '../src/egress/egress.ts';
import { systemClock } from '../src/runtime/system.ts';
import { ScriptedTransformer } from '../src/testing/scripted-transformer.ts';
import { BENCHED_BROKERS, type BenchedBroker, type BrokerSides } from './lib/broker-sides.ts';
import { BENCHED_STREAMS, type BenchedStream } from './lib/stream-sides.ts';
import type { BenchContext } from './lib/context.ts';
import { outcome, type Outcome, type RowInput } from './lib/report.ts';
import { median } from './lib/stats.ts';

const BATCHES = [64, 256];
const MIN_RATIO = 0.5;
const BODY_BYTES = 400;
const CREATED_AT = 1_750_000_000_000;

interface Round {
  readonly plain: number;
  readonly ours: number;
}

export async function benchBrokers(context: BenchContext): Promise<Outcome> {
  const rows: RowInput[] = [];
  const faults: string[] = [];
  const details: Record<string, readonly Round[]> = {};
  for (const broker of [...BENCHED_BROKERS, ...BENCHED_STREAMS]) {
    const absent = 'port' in broker ? await whyAbsent(broker.kind, broker.port) : broker.absent;
    if (absent !== undefined) {
      context.note(`brokers: ${broker.kind} is left out, ${absent}`);
      continue;
    }
    for (const batch of BATCHES) {
      const rounds = await measureBroker(broker, batch, context, faults);
      details[`${broker.kind} ${batch}`] = rounds;
      rows.push(rowOf(broker.kind, batch, rounds));
    }
  }
  return outcome('brokers', rows, faults, details);
}

async function measureBroker(
  broker: BenchedBroker | BenchedStream,
  batch: number,
  context: BenchContext,
  faults: string[],
): Promise<Round[]> {
  const egress = createEgress({
    allowTargets: parseAllowTargets('127.0.0.1/32:*'),
    allowHttp: false,
    clock: systemClock,
  });
  const links = new ThinLinks(parseMasterKeys(Buffer.alloc(32, 1).toString('base64')));
  const sides = await broker.open(`bellwire-bench-${process.pid}`, {
    guard: egress.brokers,
    egress,
    clock: systemClock,
    transformer: new ScriptedTransformer(),
    payloads: { publicUrl: () => 'https://bellwire.test', links },
    onError: (error) => faults.push(`${broker.kind}: ${String(error)}`),
  });
  try {
    const jobs = new Jobs(sides, batch);
    const rounds: Round[] = [];
    await jobs.plainRate(0.5);
    await jobs.ourRate(0.5);
    for (let round = 0; round < context.rounds; round += 1) {
      const plain = await jobs.plainRate(context.seconds);
      rounds.push({ plain, ours: await jobs.ourRate(context.seconds) });
    }
    context.note(`brokers: ${broker.kind}, batches of ${batch}, ${rounds.length} rounds`);
    faults.push(...jobs.faults.map((fault) => `${broker.kind}: ${fault}`));
    return rounds;
  } finally {
    await sides.close();
    await egress.close();
  }
}

class Jobs {
  readonly faults: string[] = [];
  readonly #sides: BrokerSides;
  readonly #batch: number;
  readonly #subscription: Subscription;
  #sequence = 0;

  constructor(sides: BrokerSides, batch: number) {
    this.#sides = sides;
    this.#batch = batch;
    this.#subscription = {
      ...DEFAULT_CHOICES,
      ...sides.where,
      eventTypes: ['**'],
      number: 1,
      id: 'sub_1',
      tenant: 1,
      status: 'active',
      disabledReason: null,
      failingSince: null,
      createdAt: CREATED_AT,
      updatedAt: CREATED_AT,
      secrets: [],
    };
  }

  /** Messages a second by the plain client. */
  plainRate(seconds: number): Promise<number> {
    return this.#rate(seconds, () =>
      this.#sides.publish(Array.from({ length: this.#batch }, () => this.#job().body)),
    );
  }

  /** Messages a second through the destination. */
  ourRate(seconds: number): Promise<number> {
    return this.#rate(seconds, () => this.#attemptBatch());
  }

  async #rate(seconds: number, publishBatch: () => Promise<void>): Promise<number> {
    const startedAt = performance.now();
    const endsAt = startedAt + seconds * 1000;
    let messages = 0;
    while (performance.now() < endsAt) {
      await publishBatch();
      messages += this.#batch;
    }
    return (messages * 1000) / (performance.now() - startedAt);
  }

  #attemptBatch(): Promise<void> {
    return new Promise((resolve) => {
      let open = this.#batch;
      for (let n = 0; n < this.#batch; n += 1) {
        this.#sides.destination.attempt(this.#job(), (result) => {
          if (result.kind !== 'taken') this.faults.push(JSON.stringify(result));
          open -= 1;
          if (open === 0) resolve();
        });
      }
    });
  }

  #job(): AttemptJob {
    this.#sequence += 1;
    const id = `evt_${this.#sequence}`;
    const head = `{"webhook_id":"${id}","event_type":"task.completed","data":{"text":"`;
    return {
      subscription: this.#subscription,
      eventId: id,
      eventType: 'task.completed',
      orderingKey: null,
      sequence: this.#sequence,
      createdAt: CREATED_AT,
      body: Buffer.from(`${head}${'x'.repeat(BODY_BYTES - head.length - 3)}"}}`),
      attemptNumber: 1,
      startedAt: CREATED_AT,
    };
  }
}

function rowOf(kind: string, batch: number, rounds: readonly Round[]): RowInput {
  return {
    metric: `${kind}, batches of ${batch}`,
    unit: '/s',
    measured: median(rounds.map(({ ours }) => ours)),
    limit: { name: 'the plain client', value: median(rounds.map(({ plain }) => plain)) },
    ratio: median(rounds.map(({ ours, plain }) => ours / plain)),
    target: { of: 'ratio', bound: 'at least', value: MIN_RATIO },
  };
}
