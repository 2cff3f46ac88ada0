/** What a person needs to look into a failed run. */
import type { Outcome } from './simulation.ts';

export function report({ seed, violations, traceTail }: Outcome): string {
  return [
    `seed ${seed} broke a promise:`,
    ...violations.map((violation) => `  ${violation}`),
    'the last that happened (milliseconds since the start):',
    ...traceTail.split('\n').map((line) => `  ${line}`),
    `repeat it with SIM_SEED=${seed} node --test test/simulation/simulation.test.ts`,
  ].join('\n');
}
