/** The tries that people have asked for and that have not ended yet. */
import type { Clock, Timer } from '../runtime/clock.ts';
import type { DeliveryPosition, JournalBatch } from '../storage/journal.ts';

/** How long another wish waits for such a try to end, before it is refused. */
const PATIENCE_MS = 10_000;

/** A delivery that waits in memory or is being attempted goes on having its try before it. */
const ON_ITS_WAY = 'pending';

interface Try {
  readonly ended: Promise<void>;
  readonly end: () => void;
}

export class TriesByHand {
  readonly #clock: Clock;
  readonly #tries = new Map<string, Try>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(delivery: DeliveryPosition): void {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#tries.set(nameOf(delivery), { ended, end });
  }

  /** Resolves when what became of the try is stored; undefined when there is none. */
  of(delivery: DeliveryPosition): Promise<void> | undefined {
    return this.#tries.get(nameOf(delivery))?.ended;
  }

  committed({ attempts, deliveries }: JournalBatch): void {
    if (this.#tries.size === 0) return;
    for (const attempt of attempts) this.#end(attempt);
    // Held or cancelled: there will be no try, or nobody knows when.
    for (const row of deliveries) if (row.status !== ON_ITS_WAY) this.#end(row);
  }

  #end(delivery: DeliveryPosition): void {
    const name = nameOf(delivery);
    this.#tries.get(name)?.end();
    this.#tries.delete(name);
  }

  /** One caller's: how often it waits, it waits no longer than this in all. */
  patience(): { waitFor(ended: Promise<void>): Promise<boolean> } {
    const until = this.#clock.monotonic() + PATIENCE_MS;
    return { waitFor: (ended) => this.#within(until, ended) };
  }

  /** @returns false when the time was up first. */
  async #within(until: number, ended: Promise<void>): Promise<boolean> {
    let timer: Timer | undefined;
    const late = new Promise<false>((resolve) => {
      const leftMs = Math.max(0, until - this.#clock.monotonic());
      timer = this.#clock.setTimer(leftMs, () => resolve(false));
    });
    try {
      return await Promise.race([ended.then(() => true as const), late]);
    } finally {
      timer?.cancel();
    }
  }
}

function nameOf({ sequence, subscription }: DeliveryPosition): string {
  return `${sequence}:${subscription}`;
}
