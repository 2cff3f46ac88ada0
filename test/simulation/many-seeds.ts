/**
 * Runs many seeds and says which of them broke a promise.
 *
 *   npm run test:simulation                    1,000 seeds, from 1
 *   npm run test:simulation -- 200 5000        200 seeds, from 5,000
 *
 * Exits 0 when all promises held, 1 when not, 2 on wrong usage.
 */
import { report } from './report.ts';
import { simulate } from './simulation.ts';

const DEFAULT_COUNT = 1_000;
/** Every so many seeds one is run twice, to see that it repeats itself. */
const REPEAT_EVERY = 50;

const [count = DEFAULT_COUNT, first = 1] = process.argv.slice(2).map(Number);
if (!Number.isInteger(count) || !Number.isInteger(first) || count < 1 || first < 0) {
  process.stderr.write('usage: many-seeds.ts [count [first seed]]\n');
  process.exit(2);
}

const startedAt = performance.now();
const total = { failed: 0, events: 0, attempts: 0, crashes: 0, simulatedHours: 0 };
for (let seed = first; seed < first + count; seed += 1) {
  const outcome = await simulate(seed);
  total.events += outcome.events;
  total.attempts += outcome.attempts;
  total.crashes += outcome.crashes;
  total.simulatedHours += outcome.simulatedMs / 3_600_000;
  const repeats =
    seed % REPEAT_EVERY !== 0 || (await simulate(seed)).traceHash === outcome.traceHash;
  if (!repeats) process.stdout.write(`seed ${seed} does not repeat itself\n`);
  if (outcome.violations.length > 0) process.stdout.write(`${report(outcome)}\n\n`);
  if (outcome.violations.length > 0 || !repeats) total.failed += 1;
}
const seconds = Math.round((performance.now() - startedAt) / 1000);
process.stdout.write(
  `${count} seeds, ${total.failed} failed: ${total.events} events, ${total.attempts} attempts, ` +
    `${total.crashes} crashes, ${Math.round(total.simulatedHours)} simulated hours ` +
    `in ${seconds} s\n`,
);
process.exitCode = total.failed === 0 ? 0 : 1;
