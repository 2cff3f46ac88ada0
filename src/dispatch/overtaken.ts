/**
 * While something is read from the store, the answer may be overtaken by commits. Remembers which
 * deliveries they were about, so that nobody acts on what the reader saw of them.
 */
import type { DeliveryPosition, JournalBatch } from '../storage/journal.ts';

export class Overtaken {
  readonly #names = new Set<string>();
  #isReading = false;

  /** Before the store is asked. One reader at a time. */
  begin(): void {
    this.#names.clear();
    this.#isReading = true;
  }

  /** When the answer has been worked off. */
  end(): void {
    this.#names.clear();
    this.#isReading = false;
  }

  committed({ attempts, deliveries }: JournalBatch): void {
    if (!this.#isReading) return;
    for (const attempt of attempts) this.#names.add(nameOf(attempt));
    for (const row of deliveries) this.#names.add(nameOf(row));
  }

  has(delivery: DeliveryPosition): boolean {
    return this.#names.has(nameOf(delivery));
  }
}

function nameOf({ sequence, subscription }: DeliveryPosition): string {
  return `${sequence}:${subscription}`;
}
