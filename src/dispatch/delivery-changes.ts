/**
 * What people ask of single deliveries: one more try, or none. They act on what they saw a moment
 * ago, while the delivery goes on; so it is claimed first, and judged by what it is by then.
 */
import { isFinal, transition } from '../domain/delivery-state.ts';
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { DeliveryRecord, DeliveryView, JournalStore } from '../storage/journal.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import type { AttemptRunner } from './attempt-runner.ts';
import { DeliveryStateError } from './delivery-control.ts';
import type { DueLoader } from './due-loader.ts';
import type { Lanes } from './lanes.ts';
import { asideRow, CANCELLED_ON_REQUEST, type Work } from './work.ts';

/** Pause before the store is asked again whether it has taken a change. */
const LOOK_AGAIN_MS = 1_000;

interface Options {
  readonly journal: JournalStore;
  readonly writer: JournalWriter;
  readonly directory: SubscriptionDirectory;
  readonly clock: Clock;
  readonly due: DueLoader;
  readonly lanes: Lanes;
  readonly runner: AttemptRunner;
  /** Puts a work that was kept back on its way. */
  readonly place: (work: Work) => void;
}

/** A delivery that is being changed: no attempt of its former self may start. */
interface Claim {
  /** What was kept back. */
  work: Work | null;
  /** What it becomes, once that is decided. */
  row: DeliveryRecord | null;
  isStored: boolean;
  readonly freed: Promise<void>;
  readonly free: () => void;
}

type Wanted = 'resent' | 'cancelled';

export class DeliveryChanges {
  readonly #options: Options;
  readonly #claims = new Map<string, Claim>();
  /** Stored deliveries whose next try a person asked for. */
  readonly #resent = new Set<string>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Whether the try that is due now was asked for by a person. Asks once. */
  wasResent(delivery: DeliveryRecord): boolean {
    return this.#resent.size > 0 && this.#resent.delete(keyOf(delivery));
  }

  /**
   * Keeps a work back when its delivery is being changed.
   * @param row what the work was loaded from, or null for a delivery without a row.
   */
  keepsBack(work: Work, row: DeliveryRecord | null): boolean {
    if (this.#claims.size === 0) return false;
    const claim = this.#claims.get(keyOf(work));
    if (claim === undefined || (row !== null && isSame(row, claim.row))) return false;
    if (claim.row === null) claim.work = work;
    else if (!work.stored) this.#options.writer.settle(null, claim.row, work.sequence);
    return true;
  }

  /** @throws DeliveryStateError while it is sending or on its way anyway. */
  resend(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#change(delivery, 'resent');
  }

  /** @throws DeliveryStateError when it has ended. */
  cancel(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#change(delivery, 'cancelled');
  }

  async #change(delivery: DeliveryView, wanted: Wanted): Promise<DeliveryView> {
    const { writer } = this.#options;
    const claim = await this.#claim(delivery);
    try {
      claim.row =
        this.#fromRunning(delivery, wanted) ?? (await this.#fromStored(delivery, wanted, claim));
      if (wanted === 'resent') this.#resent.add(keyOf(delivery));
      const isFresh = claim.work !== null && !claim.work.stored;
      writer.settle(null, claim.row, isFresh ? delivery.sequence : null);
      await writer.flushed();
      claim.isStored = true;
      return viewOf(delivery, claim.row);
    } finally {
      this.#free(delivery, claim);
    }
  }

  async #claim(delivery: DeliveryView): Promise<Claim> {
    const key = keyOf(delivery);
    let other: Claim | undefined;
    while ((other = this.#claims.get(key)) !== undefined) await other.freed;
    const { promise: freed, resolve: free } = Promise.withResolvers<void>();
    const claim: Claim = { work: null, row: null, isStored: false, freed, free };
    this.#claims.set(key, claim);
    return claim;
  }

  /** Cancels an attempt in flight; undefined when there is none. */
  #fromRunning(delivery: DeliveryView, wanted: Wanted): DeliveryRecord | undefined {
    const { runner } = this.#options;
    const running = runner.find(delivery.sequence, delivery.subscription);
    if (running === undefined) return undefined;
    if (wanted === 'resent') throw new DeliveryStateError('sending', wanted);
    if (running.cancelled) throw new DeliveryStateError('cancelled', wanted);
    // Its own end settles it for good, unless this process does not live to see it.
    running.cancelled = true;
    return asideRow(running, this.#changeTo(wanted));
  }

  async #fromStored(delivery: DeliveryView, wanted: Wanted, claim: Claim): Promise<DeliveryRecord> {
    const { lanes, writer, journal } = this.#options;
    const { sequence, subscription, createdAt } = delivery;
    const lane = lanes.find(subscription);
    claim.work = (lane && lanes.takeOne(lane, sequence, subscription)) ?? null;
    // What has become of it may be settled, but not stored yet.
    await writer.flushed();
    const tenant = await this.#tenantOf(delivery);
    const current = tenant && (await journal.delivery(tenant, sequence, subscription));
    if (!current) throw new Error(`the delivery of event ${sequence} is no longer stored`);
    const { status, attempts } = current;
    const isAllowed =
      wanted === 'cancelled' ? !isFinal(status) : transition(status, 'resent') !== undefined;
    if (!isAllowed) throw new DeliveryStateError(status, wanted);
    return { sequence, subscription, tenant, createdAt, attempts, ...this.#changeTo(wanted) };
  }

  async #tenantOf({ sequence, subscription }: DeliveryView): Promise<number | undefined> {
    const { journal, directory } = this.#options;
    const known = directory.byNumber(subscription);
    if (known !== undefined) return known.tenant;
    const [content] = await journal.contents([sequence]);
    return content?.tenant;
  }

  #changeTo(wanted: Wanted) {
    const { clock, due } = this.#options;
    const updatedAt = clock.now();
    const [status, nextAttemptAt, reason] =
      wanted === 'cancelled'
        ? (['cancelled', null, CANCELLED_ON_REQUEST] as const)
        : (['pending', due.soonest(), null] as const);
    return { status, nextAttemptAt, reason, updatedAt };
  }

  #free(delivery: DeliveryView, claim: Claim): void {
    const { writer, clock, place } = this.#options;
    const end = () => {
      this.#claims.delete(keyOf(delivery));
      claim.free();
      if (claim.row === null && claim.work !== null) place(claim.work);
    };
    if (claim.row === null || claim.isStored) return end();
    // The writer repeats it until the store takes it; until then the former row is visible.
    const again = () => {
      writer.flushed().then(end, () => clock.setTimer(LOOK_AGAIN_MS, again));
    };
    again();
  }
}

function viewOf(delivery: DeliveryView, row: DeliveryRecord): DeliveryView {
  const { status, attempts, nextAttemptAt, reason } = row;
  return { ...delivery, status, attempts, nextAttemptAt, reason };
}

function isSame(row: DeliveryRecord, other: DeliveryRecord | null): boolean {
  return (
    row.status === other?.status &&
    row.nextAttemptAt === other.nextAttemptAt &&
    row.updatedAt === other.updatedAt
  );
}

function keyOf(delivery: { readonly sequence: number; readonly subscription: number }): string {
  return `${delivery.sequence}:${delivery.subscription}`;
}
