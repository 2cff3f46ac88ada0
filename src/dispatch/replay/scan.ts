/** Walks the events of a replay in order of sequence, and finds the deliveries it is about. */
import type { Clock } from '../../runtime/clock.ts';
import type { ReplayRecord, ReplayStore } from '../../storage/replays.ts';
import type { ReplayRequest } from '../replay-control.ts';
import type { Matching } from './matching.ts';
import type { OutstandingDelivery } from './outstanding.ts';
import { Pacer } from './pacer.ts';

/** Events read at a time. */
const SCAN_EVENTS = 256;

interface Options {
  readonly store: ReplayStore;
  readonly clock: Clock;
  readonly matching: Matching;
  readonly record: Pick<ReplayRecord, 'tenant' | 'upTo'>;
  readonly request: ReplayRequest;
}

export interface ScanStep {
  /** In order of sequence and subscription. */
  readonly targets: readonly OutstandingDelivery[];
  /** Everything at or below has been looked at. */
  readonly scannedTo: number;
}

/** One step for each event, and one for each read. @throws StorageError */
export async function* scan(options: Options, from: number): AsyncGenerator<ScanStep> {
  const { store, clock, matching, record, request } = options;
  const { statuses, subscription } = request;
  const deliveries = statuses === null ? null : { statuses, subscription };
  const pacer = new Pacer(clock);
  let after = from;
  while (after < record.upTo) {
    const { upTo } = record;
    const wanted = { after, upTo, limit: SCAN_EVENTS, deliveries };
    const { events, scannedTo } = await store.candidates(record.tenant, wanted);
    for (const event of events) {
      const subscriptions = await matching.subscriptions(event);
      await pacer.breathe();
      if (subscriptions.length === 0) continue;
      const { sequence, createdAt, orderingKey } = event;
      const targets = subscriptions.map((number) => {
        return { sequence, subscription: number, createdAt, orderingKey };
      });
      yield { targets, scannedTo: sequence };
      // Whatever was done with them took time of its own.
      pacer.waited();
    }
    await pacer.breathe();
    yield { targets: [], scannedTo };
    after = scannedTo;
  }
}
