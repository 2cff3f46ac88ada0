import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { report } from './report.ts';
import { simulate } from './simulation.ts';

const SEEDS = 32;
const SEEDS_RUN_TWICE = 4;

/** Set it to repeat one run: `SIM_SEED=17 node --test test/simulation/simulation.test.ts`. */
const wanted = process.env['SIM_SEED'];
const seeds =
  wanted === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(wanted)];

describe('the promise holds through faults, crashes and interference', () => {
  for (const seed of seeds) {
    it(`seed ${seed}`, async () => {
      const outcome = await simulate(seed);
      assert.deepEqual(outcome.violations, [], report(outcome));
    });
  }
});

describe('a seed repeats its run exactly', () => {
  for (const seed of seeds.slice(0, SEEDS_RUN_TWICE)) {
    it(`seed ${seed}`, async () => {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      assert.equal(second.traceHash, first.traceHash);
      assert.equal(second.attempts, first.attempts);
    });
  }

  it('and another seed makes another one', async () => {
    const [first, second] = [await simulate(1), await simulate(2)];
    assert.notEqual(second.traceHash, first.traceHash);
  });
});
