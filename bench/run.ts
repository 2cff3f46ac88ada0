/** `npm run bench`: runs the benches, prints a table, writes JSON. See bench/README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAccept } from './accept.ts';
import { benchCalibration, measureFsync } from './calibration/calibration.ts';
import type { FsyncCost } from './calibration/fsync.ts';
import { benchDeliver } from './deliver.ts';
import { benchGrowth } from './growth.ts';
import { benchHangingTarget } from './hanging-target.ts';
import { benchIdle } from './idle.ts';
import { benchInbound } from './inbound.ts';
import { benchPostgres } from './postgres.ts';
import { benchReplay } from './replay.ts';
import { PROJECT_ROOT } from './lib/child.ts';
import type { BenchContext } from './lib/context.ts';
import { startLoad } from './lib/load.ts';
import { describeMachine, watchForeignLoad } from './lib/machine.ts';
import type { ForeignLoad } from './lib/machine.ts';
import { placement } from './lib/placement.ts';
import { failedOutcome, renderTable } from './lib/report.ts';
import type { Outcome } from './lib/report.ts';
import { SUBJECTS } from './lib/servers.ts';
import type { SubjectName } from './lib/servers.ts';

type Bench = (context: BenchContext) => Promise<Outcome>;

const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ['calibration', benchCalibration],
  ['accept', benchAccept],
  ['deliver', benchDeliver],
  ['inbound', benchInbound],
  ['idle', benchIdle],
  ['hanging-target', benchHangingTarget],
  ['postgres', benchPostgres],
  ['replay', benchReplay],
  ['growth', benchGrowth],
]);
/** Those that take too long to be asked each time. */
const ONLY_BY_NAME = new Set(['growth']);
const DEFAULT = [...BENCHES.keys()].filter((name) => !ONLY_BY_NAME.has(name));
const RESULTS = join(PROJECT_ROOT, 'bench/results');
/** Foreign and stolen CPU time from which on a run should be repeated. */
const NOISY_SHARE = 0.05;
const USAGE = `Usage: npm run bench -- [options]
  --only NAMES         comma list of ${[...BENCHES.keys()].join(', ')}
                       (default: all but ${[...ONLY_BY_NAME].join()})
  --seconds N          length of one measured slice (default 3)
  --rounds N           slices per side of a comparison (default 4)
  --connections LIST   connection counts (default 64,256)
  --subject NAME       ${SUBJECTS.join(' or ')} (default bellwire)
  --strict             exit 1 when a target is missed`;

interface Options {
  only: string[];
  seconds: number;
  rounds: number;
  connections: number[];
  subject: SubjectName;
  strict: boolean;
}

interface Results {
  outcomes: Record<string, Outcome>;
  foreign: ForeignLoad | null;
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  const machine = describeMachine();
  console.error(`placement: ${placement().reason}`);
  const results = await runAll(options);
  const outcomes = Object.values(results.outcomes);
  const rows = outcomes.flatMap((outcome) => outcome.rows);
  console.log(renderTable(rows));
  for (const fault of outcomes.flatMap((outcome) => outcome.faults)) console.log(`! ${fault}`);
  warnOfNoise(results.foreign);
  writeResults(options, { ...machine, foreign_load: results.foreign }, results.outcomes);
  if (outcomes.some((outcome) => outcome.faults.length > 0)) return 1;
  return options.strict && rows.some((row) => row.verdict === 'miss') ? 1 : 0;
}

async function runAll(options: Options): Promise<Results> {
  const foreignLoad = watchForeignLoad();
  const load = await startLoad();
  let fsync: Promise<FsyncCost> | undefined;
  const context: BenchContext = {
    ...options,
    load,
    fsync: () => (fsync ??= measureFsync()),
    note: (text) => console.error(text),
  };
  const outcomes: Record<string, Outcome> = {};
  try {
    for (const name of options.only) {
      const bench = BENCHES.get(name);
      if (bench !== undefined) outcomes[name] = await attempt(name, bench, context);
    }
    return { outcomes, foreign: foreignLoad() };
  } finally {
    await load.stop();
  }
}

/** A bench that cannot run costs its own rows, not the others'. */
async function attempt(name: string, bench: Bench, context: BenchContext): Promise<Outcome> {
  try {
    return await bench(context);
  } catch (error) {
    return failedOutcome(
      name,
      `${name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function warnOfNoise(foreign: ForeignLoad | null): void {
  const noise = foreign === null ? 0 : foreign.foreign_share + foreign.stolen_share;
  if (noise < NOISY_SHARE) return;
  const percent = Math.round(noise * 100);
  console.log(`! other work took ${percent} % of the machine meanwhile: trust ratios and CPU time`);
  console.log('  per event, not rates and latencies; run again on a quiet machine.');
}

/** `latest.json` holds everything; `summary.json` the rows of the last full run, for the record. */
function writeResults(
  options: Options,
  machine: Record<string, unknown>,
  outcomes: Record<string, Outcome>,
): void {
  const rows = Object.values(outcomes).flatMap((outcome) => outcome.rows);
  const head = { measured_at: new Date().toISOString(), options, machine, rows };
  mkdirSync(RESULTS, { recursive: true });
  write('latest.json', { ...head, outcomes });
  const full = options.only.join() === DEFAULT.join() && options.subject === 'bellwire';
  if (full) write('summary.json', head);
}

function write(name: string, content: unknown): void {
  const path = join(RESULTS, name);
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
  console.error(`wrote ${path}`);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: DEFAULT.join(',') },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '4' },
      connections: { type: 'string', default: '64,256' },
      subject: { type: 'string', default: 'bellwire' },
      strict: { type: 'boolean', default: false },
    },
  });
  const only = values.only.split(',');
  const unknown = only.find((name) => !BENCHES.has(name));
  if (unknown !== undefined) throw new Error(`--only: there is no bench named ${unknown}`);
  const subject = SUBJECTS.find((name) => name === values.subject);
  if (subject === undefined) throw new Error(`--subject: ${values.subject} is not known`);
  return {
    only,
    seconds: positive('--seconds', values.seconds),
    rounds: count('--rounds', values.rounds),
    connections: values.connections.split(',').map((text) => count('--connections', text)),
    subject,
    strict: values.strict,
  };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag}: ${text} is not a positive number`);
  return value;
}

function count(flag: string, text: string): number {
  const value = positive(flag, text);
  if (!Number.isInteger(value)) throw new Error(`${flag}: ${text} is not a whole number`);
  return value;
}

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.exitCode = await main();
