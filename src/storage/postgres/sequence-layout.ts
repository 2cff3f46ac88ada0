/**
 * What a sequence says here: (milliseconds since 2024-01-01Z) × 4096 + slot × 128 + counter. So
 * nodes need not ask each other, sequences sort by time, a day is a range of them, and each tells
 * on which node slot its event came in. They stay below 2^53 until the year 2093.
 */

/** 2024-01-01T00:00:00Z. */
export const SEQUENCE_EPOCH = 1_704_067_200_000;

export const SLOTS = 32;
export const SEQUENCES_PER_SLOT = 128;
export const SEQUENCES_PER_MS = SLOTS * SEQUENCES_PER_SLOT;

export function slotOf(sequence: number): number {
  return Math.floor((sequence % SEQUENCES_PER_MS) / SEQUENCES_PER_SLOT);
}

/** The lowest sequence that any node gives out at that instant. */
export function firstSequenceAt(instant: number): number {
  return (instant - SEQUENCE_EPOCH) * SEQUENCES_PER_MS;
}

/** Milliseconds since the Unix epoch. */
export function instantOf(sequence: number): number {
  return Math.floor(sequence / SEQUENCES_PER_MS) + SEQUENCE_EPOCH;
}
