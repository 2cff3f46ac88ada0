/** Sequences that say when and on which node slot an event came in; see `sequence-layout.ts`. */
import type { Clock } from '../../runtime/clock.ts';
import type { SequenceSource } from '../sequences.ts';
import {
  instantOf,
  SEQUENCE_EPOCH,
  SEQUENCES_PER_MS,
  SEQUENCES_PER_SLOT,
} from './sequence-layout.ts';

interface Options {
  readonly clock: Clock;
  /** What to add to the clock to get the database's, so that all nodes count the same time. */
  readonly offsetMs: number;
  readonly slot: number;
  /** The highest sequence that the slot has given out before. */
  readonly last: number;
}

export class TimeSequences implements SequenceSource {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  readonly #slotBits: number;
  /** The millisecond that is being filled, since the Unix epoch, and how far it is. */
  #instant: number;
  #counter = SEQUENCES_PER_SLOT - 1;

  constructor({ clock, offsetMs, slot, last }: Options) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
    this.#slotBits = slot * SEQUENCES_PER_SLOT;
    this.#instant = instantOf(last);
  }

  /** A full millisecond borrows from the next, and so does a clock that was set back. */
  next(): number {
    const now = Math.floor(this.#clock.now() + this.#offsetMs);
    if (now > this.#instant) {
      this.#instant = now;
      this.#counter = 0;
    } else if (this.#counter === SEQUENCES_PER_SLOT - 1) {
      this.#instant += 1;
      this.#counter = 0;
    } else {
      this.#counter += 1;
    }
    return (this.#instant - SEQUENCE_EPOCH) * SEQUENCES_PER_MS + this.#slotBits + this.#counter;
  }
}
