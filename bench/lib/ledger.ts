/**
 * Who was sent, accepted and has arrived, by sequence number: what a run's *lost* and *duplicate*
 * counts rest on. One byte per event, so that millions fit.
 */
const ACCEPTED = 1;
const ARRIVED = 2;
const EXCLUDED = 4;
const INITIAL_EVENTS = 1 << 16;

export type Arrival = 'first' | 'duplicate' | 'excluded' | 'stray';

export class Ledger {
  readonly #base: number;
  #states = new Uint8Array(INITIAL_EVENTS);
  #next: number;
  #outstanding = 0;
  #unique = 0;
  #duplicates = 0;

  /** `base` is the first sequence number of this run; lower ones belong to an earlier run. */
  constructor(base: number) {
    this.#base = base;
    this.#next = base;
  }

  /** Sequence number the next run may start at. */
  get next(): number {
    return this.#next;
  }

  /** Accepted events that have not arrived yet. At the end of the drain: the lost ones. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get unique(): number {
    return this.#unique;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  /** Opens the entry of the next event; an excluded one (hanging target) is not waited for. */
  open(excluded: boolean): number {
    const index = this.#next - this.#base;
    if (index === this.#states.length) {
      const grown = new Uint8Array(this.#states.length * 2);
      grown.set(this.#states);
      this.#states = grown;
    }
    this.#states[index] = excluded ? EXCLUDED : 0;
    return this.#next++;
  }

  /** The server answered 2xx: from here on the event must arrive. */
  accepted(seq: number): void {
    const index = seq - this.#base;
    const state = this.#states[index] ?? 0;
    this.#states[index] = state | ACCEPTED;
    if ((state & (ARRIVED | EXCLUDED)) === 0) this.#outstanding++;
  }

  /** The sink saw the event (perhaps before the generator saw the answer). */
  arrived(seq: number): Arrival {
    const index = seq - this.#base;
    if (index < 0 || seq >= this.#next) return 'stray';
    const state = this.#states[index] ?? 0;
    if ((state & EXCLUDED) !== 0) return 'excluded';
    if ((state & ARRIVED) !== 0) {
      this.#duplicates++;
      return 'duplicate';
    }
    this.#states[index] = state | ARRIVED;
    this.#unique++;
    if ((state & ACCEPTED) !== 0) this.#outstanding--;
    return 'first';
  }
}
