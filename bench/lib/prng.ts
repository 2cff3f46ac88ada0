/** A number in [0, 1). */
export type Random = () => number;

/**
 * A seeded generator (mulberry32: one 32-bit word of state), so that a run's arrivals and choice
 * of targets can be repeated exactly. Not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Picks a target for each event: number 0 with probability `hotShare`, the others evenly.
 * With one target it is always 0.
 */
export function targetPicker(targets: number, hotShare: number, random: Random): () => number {
  if (targets <= 1) return () => 0;
  return () => (random() < hotShare ? 0 : 1 + Math.floor(random() * (targets - 1)));
}
