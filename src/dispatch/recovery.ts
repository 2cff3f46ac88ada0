/** After a start: finds the deliveries that were pending when the last process ended. */
import type { Clock } from '../runtime/clock.ts';
import type { JournalStore, UnsettledDelivery } from '../storage/journal.ts';
import type { Overtaken } from './overtaken.ts';

const SCAN_EVENTS = 2_000;

/** Pause after a scan that failed. */
const FAILED_MS = 1_000;

interface Options {
  readonly journal: Pick<JournalStore, 'unsettled'>;
  readonly clock: Clock;
  /** Look above this sequence … */
  readonly after: number;
  /** … and up to this one, the last before the start. */
  readonly upTo: number;
  /** Resolves when memory has room for more. */
  readonly room: () => Promise<void>;
  readonly found: (pending: readonly UnsettledDelivery[], scannedTo: number) => void;
  /** Told of every commit. */
  readonly overtaken: Overtaken;
  readonly stopped: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** Runs beside normal work: what was accepted since the start does not wait for it. */
export async function recover(options: Options): Promise<void> {
  const { upTo, room, found, overtaken, stopped } = options;
  let scannedTo = options.after;
  while (scannedTo < upTo && !stopped()) {
    await room();
    overtaken.begin();
    const scan = await scanOnce(options, scannedTo);
    if (scan !== undefined) {
      scannedTo = scan.scannedTo;
      found(
        scan.pending.filter((delivery) => !overtaken.has(delivery)),
        scannedTo,
      );
    }
    overtaken.end();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function scanOnce({ journal, upTo, clock, onError }: Options, scannedTo: number) {
  try {
    return await journal.unsettled(scannedTo, upTo, SCAN_EVENTS);
  } catch (error) {
    onError(error);
    await new Promise<void>((resolve) => {
      clock.setTimer(FAILED_MS, resolve);
    });
    return undefined;
  }
}
