/** Where a work goes: into its lane, behind one of its ordering key, or aside with a reason. */
import { MAX_QUEUED_DELIVERIES_PER_NODE } from '../domain/limits.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Ordering } from './ordering.ts';
import type { Standing } from './standing.ts';
import { asideRow, type Work } from './work.ts';

/** A delivery that finds its lane full waits in the store for about this long. */
const LANE_FULL_WAIT_MS = 60_000;

const ROOM_POLL_MS = 50;

const DELETED = 'the subscription was deleted';
const LANE_FULL = 'too many deliveries already wait in memory for this target';

interface Options {
  readonly directory: SubscriptionDirectory;
  readonly lanes: Lanes;
  readonly ordering: Ordering;
  readonly standing: Standing;
  readonly writer: JournalWriter;
  readonly clock: Clock;
  readonly random: Random;
  /** The lane has got something to start. */
  readonly ready: (lane: Lane) => void;
}

export class Placement {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  get #waiting(): number {
    return this.#options.lanes.queued + this.#options.ordering.blocked;
  }

  /** Whether memory takes more deliveries. */
  get hasRoom(): boolean {
    return this.#waiting < MAX_QUEUED_DELIVERIES_PER_NODE;
  }

  /** A reason not to accept more, or undefined. */
  overload(): string | undefined {
    return this.hasRoom ? undefined : `${this.#waiting} deliveries already wait in memory`;
  }

  /** Resolves when memory has room for more, or nobody needs it any more. */
  async room(stopped: () => boolean): Promise<void> {
    while (!this.hasRoom && !stopped()) {
      await new Promise<void>((resolve) => {
        this.#options.clock.setTimer(ROOM_POLL_MS, resolve);
      });
    }
  }

  place(work: Work): void {
    const { directory, standing, lanes, ordering, ready } = this.#options;
    const subscription = directory.byNumber(work.subscription);
    if (subscription === undefined) return this.putAside(work, 'cancelled', DELETED);
    const heldBy = standing.heldBy(subscription);
    if (heldBy !== undefined) return this.putAside(work, 'held', heldBy);
    const turn = subscription.ordered ? ordering.admit(work) : 'go';
    if (turn === 'kept') return;
    const lane = lanes.of(subscription);
    if (turn === 'go' && lanes.enqueue(lane, work)) ready(lane);
    else this.putAside(work, 'pending', LANE_FULL);
  }

  /** `pending`: for want of room; it comes back in about a minute. */
  putAside(work: Work, status: 'held' | 'cancelled' | 'pending', reason: string): void {
    const { clock, random, writer } = this.#options;
    const now = clock.now();
    const waitMs = LANE_FULL_WAIT_MS * (0.5 + random.unit());
    const nextAttemptAt = status === 'pending' ? Math.round(now + waitMs) : null;
    const row = asideRow(work, { status, nextAttemptAt, reason, updatedAt: now });
    writer.settle(null, row, work.stored ? null : work.sequence);
  }

  /** What an attempt may start for now; undefined when the work has to be placed anew. */
  startsFor(work: Work): Subscription | undefined {
    const { directory, standing, ordering } = this.#options;
    const subscription = directory.byNumber(work.subscription);
    if (subscription === undefined || standing.heldBy(subscription) !== undefined) return undefined;
    return !subscription.ordered || ordering.starts(work) ? subscription : undefined;
  }

  /** Takes a work out of where it waits. */
  take(sequence: number, subscription: number): Work | undefined {
    const { lanes, ordering } = this.#options;
    const lane = lanes.find(subscription);
    const queued = lane && lanes.takeOne(lane, sequence, subscription);
    return queued ?? ordering.take(sequence, subscription);
  }

  /** The same for all replayed works that match. */
  takeReplayed(matches: (work: Work) => boolean): Work[] {
    const { lanes, ordering } = this.#options;
    return [...lanes.takeReplayed(matches), ...ordering.takeReplayed(matches)];
  }

  /** After a subscription has changed: everything of it that waits in the wrong place moves. */
  changed(current: Subscription): void {
    const { lanes, ordering } = this.#options;
    const wasOrdered = ordering.isOpen(current.number);
    const freed = ordering.follow(current);
    const lane = lanes.find(current.number);
    const isRightLane = lane?.isFor(current) === true;
    if (isRightLane) lane.follow(current);
    const stays =
      current.status === 'active' && isRightLane && ordering.isOpen(current.number) === wasOrdered;
    this.#placeAgain(freed, stays ? undefined : lane, current.number);
    if (lane !== undefined) this.#options.ready(lane);
  }

  deleted({ number }: Subscription): void {
    this.#placeAgain(
      this.#options.ordering.close(number),
      this.#options.lanes.find(number),
      number,
    );
  }

  #placeAgain(freed: readonly Work[], lane: Lane | undefined, subscription: number): void {
    const queued = lane === undefined ? [] : this.#options.lanes.takeAll(lane, subscription);
    const works = [...queued, ...freed].toSorted((a, b) => a.sequence - b.sequence);
    for (const work of works) this.place(work);
  }
}
