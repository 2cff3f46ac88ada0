/**
 * What people ask of single deliveries: one more try, or none. They act on what they saw a moment
 * ago, while the delivery goes on; so it is claimed first, and judged by what it is by then.
 */
import { isFinal, transition } from '../domain/delivery-state.ts';
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type {
  DeliveryPosition,
  DeliveryRecord,
  DeliveryView,
  JournalBatch,
  JournalStore,
} from '../storage/journal.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import type { AttemptRunner } from './attempt-runner.ts';
import { DeliveryStateError } from './delivery-control.ts';
import type { DueLoader } from './due-loader.ts';
import { TriesByHand } from './tries-by-hand.ts';
import { asideRow, CANCELLED_ON_REQUEST, type Work } from './work.ts';

/** Pause before the store is asked again whether it has taken a change. */
const LOOK_AGAIN_MS = 1_000;

interface Options {
  readonly journal: JournalStore;
  readonly writer: JournalWriter;
  readonly directory: SubscriptionDirectory;
  readonly clock: Clock;
  readonly due: DueLoader;
  readonly runner: AttemptRunner;
  /** Takes a work out of where it waits in memory. */
  readonly take: (sequence: number, subscription: number) => Work | undefined;
  /** Takes the replayed works that match out of where they wait in memory. */
  readonly takeReplayed: (matches: (work: Work) => boolean) => readonly Work[];
  /** Told what a delivery becomes, before it is stored. */
  readonly decided: (row: DeliveryRecord) => void;
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
  readonly #byHand: TriesByHand;

  constructor(options: Options) {
    this.#options = options;
    this.#byHand = new TriesByHand(options.clock);
  }

  committed(batch: JournalBatch): void {
    this.#byHand.committed(batch);
  }

  /** Works of a subscription that are kept back, with nothing decided about them yet. */
  keptBack(subscription: number): Work[] {
    const works = [...this.#claims.values()].map(({ work, row }) => (row === null ? work : null));
    return works
      .filter((work) => work !== null)
      .filter((work) => work.subscription === subscription);
  }

  /**
   * Keeps a work back when its delivery is being changed.
   * @param row what the work was loaded from, or null for a delivery without a row.
   */
  keepsBack(work: Work, row: DeliveryRecord | null): boolean {
    if (this.#claims.size === 0) return false;
    const claim = this.#claims.get(keyOf(work));
    if (claim === undefined || (row !== null && isReached(row, claim.row))) return false;
    if (claim.row === null) claim.work = work;
    else if (!work.stored) this.#options.writer.settle(null, claim.row, work.sequence);
    return true;
  }

  /**
   * Of several people who ask for another try each gets one, one after the other.
   * @throws DeliveryStateError while it is sending or on its way anyway.
   */
  resend(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#change(delivery, 'resent');
  }

  /** @throws DeliveryStateError when it has ended. */
  cancel(delivery: DeliveryView): Promise<DeliveryView> {
    return this.#change(delivery, 'cancelled');
  }

  /**
   * Changes many deliveries together, while nobody else can change them. Replayed ones that wait in
   * a lane are kept back meanwhile.
   * @param positions in order, or two callers might wait for each other.
   * @param decide what each becomes, in the order of `positions`; null leaves it. Told the instant
   * at which one is due that is wanted at once, and which of them were being attempted: what the
   * store says of those may be out of date, and they must be left.
   * @throws StorageError when the store refused. If that was after `decide`, it is repeated until
   * the store takes it.
   */
  async changeAll(
    positions: readonly DeliveryPosition[],
    decide: (
      dueAt: number,
      isSending: (position: DeliveryPosition) => boolean,
    ) => Promise<readonly (DeliveryRecord | null)[]>,
  ): Promise<void> {
    const { takeReplayed, writer, due, decided } = this.#options;
    const claims: (readonly [DeliveryPosition, Claim])[] = [];
    try {
      for (const position of positions) claims.push([position, await this.#claim(position)]);
      const claimed = new Map(claims.map(([position, claim]) => [keyOf(position), claim]));
      for (const work of takeReplayed((one) => claimed.has(keyOf(one)))) {
        const claim = claimed.get(keyOf(work));
        if (claim !== undefined) claim.work = work;
      }
      const sending = this.#sendingOf(claimed);
      // What has become of them may be settled, but not stored yet.
      await writer.flushed();
      const rows = await decide(due.soonest(), (position) => sending.has(keyOf(position)));
      for (const [index, [, claim]] of claims.entries()) {
        claim.row = rows[index] ?? null;
        if (claim.row === null) continue;
        decided(claim.row);
        writer.settle(null, claim.row, null);
      }
      await writer.flushed();
      for (const [, claim] of claims) claim.isStored = true;
    } finally {
      for (const [position, claim] of claims) this.#free(position, claim);
    }
  }

  #sendingOf(claimed: ReadonlyMap<string, Claim>): ReadonlySet<string> {
    const sending = new Set<string>();
    for (const work of this.#options.runner.works()) {
      const key = keyOf(work);
      if (claimed.has(key)) sending.add(key);
    }
    return sending;
  }

  async #change(delivery: DeliveryView, wanted: Wanted): Promise<DeliveryView> {
    const { writer, decided } = this.#options;
    const claim =
      wanted === 'resent' ? await this.#claimForResend(delivery) : await this.#claim(delivery);
    try {
      claim.row =
        this.#fromRunning(delivery, wanted) ?? (await this.#fromStored(delivery, wanted, claim));
      decided(claim.row);
      if (wanted === 'resent') this.#byHand.add(delivery);
      const isFresh = claim.work !== null && !claim.work.stored;
      writer.settle(null, claim.row, isFresh ? delivery.sequence : null);
      await writer.flushed();
      claim.isStored = true;
      return viewOf(delivery, claim.row);
    } finally {
      this.#free(delivery, claim);
    }
  }

  /** @throws DeliveryStateError when a try that somebody else asked for takes too long. */
  async #claimForResend(delivery: DeliveryView): Promise<Claim> {
    const patience = this.#byHand.patience();
    for (;;) {
      const claim = await this.#claim(delivery);
      const earlier = this.#byHand.of(delivery);
      if (earlier === undefined) return claim;
      this.#free(delivery, claim);
      if (!(await patience.waitFor(earlier))) throw this.#underway(delivery);
    }
  }

  #underway({ sequence, subscription }: DeliveryView): DeliveryStateError {
    const isSending = this.#options.runner.find(sequence, subscription) !== undefined;
    return new DeliveryStateError(isSending ? 'sending' : 'pending', 'resent');
  }

  async #claim(delivery: DeliveryPosition): Promise<Claim> {
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
    const { take, writer, journal } = this.#options;
    const { sequence, subscription, createdAt } = delivery;
    // One that has just come may be kept back already.
    claim.work ??= take(sequence, subscription) ?? null;
    // What has become of it may be settled, but not stored yet.
    await writer.flushed();
    const tenant = await this.#tenantOf(delivery);
    const current = tenant && (await journal.delivery(tenant, sequence, subscription));
    if (!current) throw new Error(`the delivery of event ${sequence} is no longer stored`);
    const { status, attempts, orderingKey } = current;
    const isAllowed =
      wanted === 'cancelled' ? !isFinal(status) : transition(status, 'resent') !== undefined;
    if (!isAllowed) throw new DeliveryStateError(status, wanted);
    const standing = { sequence, subscription, tenant, createdAt, attempts, orderingKey };
    // Whoever asks for another try gets the whole schedule again, should that one fail.
    return { ...standing, attemptsBefore: attempts, replay: null, ...this.#changeTo(wanted) };
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

  #free(delivery: DeliveryPosition, claim: Claim): void {
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

/**
 * Whether a row is what a claim has made of it, or has become since: the store may have taken the
 * change long before it says so.
 */
function isReached(row: DeliveryRecord, claimed: DeliveryRecord | null): boolean {
  if (claimed === null) return false;
  const isSame =
    row.status === claimed.status &&
    row.nextAttemptAt === claimed.nextAttemptAt &&
    row.updatedAt === claimed.updatedAt;
  return isSame || row.attempts > claimed.attempts || row.updatedAt > claimed.updatedAt;
}

function keyOf(delivery: DeliveryPosition): string {
  return `${delivery.sequence}:${delivery.subscription}`;
}
