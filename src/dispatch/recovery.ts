/** After a start: finds the deliveries that were pending when the last process ended. */
import type { JournalStore, UnsettledDelivery } from '../storage/journal.ts';

const SCAN_EVENTS = 2_000;

interface Options {
  readonly journal: JournalStore;
  /** Look above this sequence … */
  readonly after: number;
  /** … and up to this one, the last before the start. */
  readonly upTo: number;
  /** Resolves when memory has room for more. */
  readonly room: () => Promise<void>;
  readonly found: (pending: readonly UnsettledDelivery[], scannedTo: number) => void;
  readonly stopped: () => boolean;
}

/** Runs beside normal work: what was accepted since the start does not wait for it. */
export async function recover(options: Options): Promise<void> {
  const { journal, upTo } = options;
  let scannedTo = options.after;
  while (scannedTo < upTo && !options.stopped()) {
    await options.room();
    const scan = await journal.unsettled(scannedTo, upTo, SCAN_EVENTS);
    scannedTo = scan.scannedTo;
    options.found(scan.pending, scannedTo);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
