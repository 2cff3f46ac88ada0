/** Randomness that a seed repeats, for tests and simulations. Never for secrets. */
import type { Random } from '../runtime/random.ts';

/** Set it to repeat a failing run with the seed it printed. */
const SEED_VARIABLE = 'BELLWIRE_TEST_SEED';

const WORD_BYTES = 4;
const WORD_RANGE = 2 ** 32;
/** How `unit` makes 53 bits of two words: 26 high ones and 27 low ones. */
const HIGH_BITS_DROPPED = 6;
const LOW_BITS_DROPPED = 5;

export class SeededRandom implements Random {
  /** An unsigned 32-bit number; the same seed gives the same values in the same order. */
  readonly seed: number;
  readonly #nextWord: () => number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    const word = splitmix32(this.seed);
    this.#nextWord = xoshiro128starstar([word(), word(), word(), word()]);
  }

  unit(): number {
    const high = this.#nextWord() >>> HIGH_BITS_DROPPED;
    const low = this.#nextWord() >>> LOW_BITS_DROPPED;
    return (high * 2 ** 27 + low) / 2 ** 53;
  }

  /** Not strong at all: anyone who knows the seed knows the bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let start = 0; start < length; start += WORD_BYTES) {
      let word = this.#nextWord();
      for (let at = start; at < Math.min(start + WORD_BYTES, length); at += 1) {
        bytes[at] = word & 0xff;
        word >>>= 8;
      }
    }
    return bytes;
  }
}

/** The seed of BELLWIRE_TEST_SEED, or a new one. A test prints it, so that a failure repeats. */
export function chooseSeed(environment: NodeJS.ProcessEnv = process.env): number {
  const wanted = environment[SEED_VARIABLE];
  if (wanted === undefined || wanted === '') return Math.floor(Math.random() * WORD_RANGE);
  const seed = Number(wanted);
  if (!Number.isInteger(seed) || seed < 0 || seed >= WORD_RANGE) {
    throw new RangeError(`${SEED_VARIABLE} must be an integer from 0 to 4294967295, not ${wanted}`);
  }
  return seed;
}

type Words = readonly [number, number, number, number];

/**
 * xoshiro128** 1.1 by Blackman and Vigna (https://prng.di.unimi.it): 128 bits of state, which must
 * not all be zero. Gives unsigned 32-bit words.
 */
export function xoshiro128starstar(state: Words): () => number {
  let [a, b, c, d] = state;
  return () => {
    const word = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return word;
  };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Spreads one small number over words that look unrelated, so that seeds 1 and 2 do too. */
function splitmix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
}
