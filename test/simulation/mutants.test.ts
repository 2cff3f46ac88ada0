import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MUTANTS } from './mutants.ts';
import { simulate } from './simulation.ts';

/** Some bugs need a crash or a full disk to show; not every seed has one. */
const MAX_SEEDS = 20;

describe('the oracle notices an engine that', () => {
  for (const [name, mutant] of Object.entries(MUTANTS)) {
    it(name, async () => {
      for (let seed = 1; seed <= MAX_SEEDS; seed += 1) {
        const { violations } = await simulate(seed, mutant);
        if (violations.length > 0) return;
      }
      assert.fail(`${MAX_SEEDS} seeds ran without a violation`);
    });
  }
});
