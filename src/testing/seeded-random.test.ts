import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseSeed, SeededRandom, xoshiro128starstar } from './seeded-random.ts';

const DRAWS = 20_000;

function drawn(seed: number): readonly unknown[] {
  const random = new SeededRandom(seed);
  return [random.unit(), random.bytes(9), random.unit()];
}

describe('SeededRandom', () => {
  it('repeats everything for the same seed and nothing for another', () => {
    assert.deepEqual(drawn(7), drawn(7));
    assert.notDeepEqual(drawn(7), drawn(8));
    assert.notDeepEqual(drawn(0), drawn(1));
  });

  it('spreads numbers evenly over [0, 1)', (t) => {
    const random = new SeededRandom(chooseSeed());
    t.diagnostic(`seed ${random.seed}`);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const unit = random.unit();
      assert.ok(unit >= 0 && unit < 1);
      const tenth = Math.floor(unit * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // Each tenth expects 2,000; 300 is seven standard deviations.
    for (const count of tenths) assert.ok(Math.abs(count - DRAWS / 10) < 300, tenths.join(' '));
  });

  it('gives as many bytes as asked, of every value', (t) => {
    const random = new SeededRandom(chooseSeed());
    t.diagnostic(`seed ${random.seed}`);
    for (const length of [0, 1, 3, 4, 5, 16]) assert.equal(random.bytes(length).length, length);
    assert.equal(new Set(random.bytes(DRAWS)).size, 256);
  });

  it('takes any number as a seed and says which one it became', () => {
    assert.equal(new SeededRandom(-1).seed, 4_294_967_295);
    assert.equal(new SeededRandom(2 ** 32 + 5).seed, 5);
  });
});

describe('xoshiro128starstar', () => {
  it('gives the words of the published algorithm', () => {
    const next = xoshiro128starstar([1, 2, 3, 4]);
    const words = Array.from({ length: 10 }, next);
    assert.deepEqual(
      words,
      [
        11_520, 0, 5_927_040, 70_819_200, 2_031_721_883, 1_637_235_492, 1_287_239_034,
        3_734_860_849, 3_729_100_597, 4_258_142_804,
      ],
    );
  });
});

describe('chooseSeed', () => {
  it('takes the seed of a run that is to be repeated', () => {
    assert.equal(chooseSeed({ BELLWIRE_TEST_SEED: '4294967295' }), 4_294_967_295);
  });

  it('makes a new one otherwise', () => {
    const seeds = Array.from({ length: 8 }, () => chooseSeed({}));
    assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32));
    assert.ok(new Set(seeds).size > 1);
  });

  it('refuses a seed that would not be used as given', () => {
    for (const wrong of ['-1', '1.5', 'abc', '4294967296']) {
      assert.throws(() => chooseSeed({ BELLWIRE_TEST_SEED: wrong }), RangeError);
    }
  });
});
