/** All lanes of the node: finds or makes them, fills their queues, keeps memory bounded. */
import { MAX_LANE_QUEUE_DELIVERIES, MAX_QUEUED_DELIVERIES_PER_NODE } from '../domain/limits.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { JournalStore } from '../storage/journal.ts';
import { Lane, laneKey } from './lane.ts';
import type { Work } from './work.ts';

/** Works of a lane that keep their bytes in memory; those behind are read again in time. */
const HOT_WORKS_PER_LANE = 512;
/** The same for the node, in bytes. */
const HOT_BYTES_PER_NODE = 64 * 1024 * 1024;

/** Contents read at a time for one lane. */
const LOAD_CONTENTS = 64;
const LOAD_AGAIN_MS = 1_000;

/** A lane is remembered for this long without work. */
const LANE_IDLE_MS = 60_000;

interface Options {
  readonly journal: JournalStore;
  readonly clock: Clock;
  /** The lane has content again. */
  readonly ready: (lane: Lane) => void;
  /** The event of this work is no longer in the store. */
  readonly lost: (work: Work) => void;
  readonly onError: (error: unknown) => void;
}

export class Lanes {
  readonly #options: Options;
  readonly #lanes = new Map<string, Lane>();
  /** Where the works of a subscription are, also after its target has changed. */
  readonly #bySubscription = new Map<number, Lane>();
  #queued = 0;
  #hotBytes = 0;
  #sweep: Timer | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** From now on lanes that nobody uses are forgotten. */
  start(): void {
    const { clock } = this.#options;
    this.#forgetIdle(clock.monotonic() - LANE_IDLE_MS);
    this.#sweep = clock.setTimer(LANE_IDLE_MS, () => this.start());
  }

  stop(): void {
    this.#sweep?.cancel();
  }

  /** Deliveries in memory that have not started. */
  get queued(): number {
    return this.#queued;
  }

  get hasRoom(): boolean {
    return this.#queued < MAX_QUEUED_DELIVERIES_PER_NODE;
  }

  /** The lane a subscription used last. */
  find(subscription: number): Lane | undefined {
    return this.#bySubscription.get(subscription);
  }

  of(subscription: Subscription): Lane {
    const last = this.#bySubscription.get(subscription.number);
    if (last?.isFor(subscription) === true) return last;
    const key = laneKey(subscription);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(key, subscription);
      this.#lanes.set(key, lane);
    }
    this.#bySubscription.set(subscription.number, lane);
    lane.users.add(subscription.number);
    return lane;
  }

  /** @returns false when the lane is full; the work must wait in the store. */
  enqueue(lane: Lane, work: Work): boolean {
    const queue = lane.queueOf(work);
    if (queue.length >= MAX_LANE_QUEUE_DELIVERIES || !this.hasRoom) return false;
    const { content } = work;
    if (content !== null) {
      const bytes = content.body.length;
      const hot = queue.length < HOT_WORKS_PER_LANE && this.#hotBytes + bytes <= HOT_BYTES_PER_NODE;
      if (hot) this.#hotBytes += bytes;
      else work.content = null;
    }
    queue.push(work);
    this.#queued += 1;
    return true;
  }

  /** A work has left its queue, to be attempted or put aside. */
  left(work: Work): void {
    this.#queued -= 1;
    if (work.content !== null) this.#hotBytes -= work.content.body.length;
  }

  /** Takes the works of a subscription out of its lane. */
  takeAll(lane: Lane, subscription: number): Work[] {
    return this.#take(lane, (work) => work.subscription === subscription);
  }

  takeOne(lane: Lane, sequence: number, subscription: number): Work | undefined {
    const [taken] = this.#take(
      lane,
      (work) => work.sequence === sequence && work.subscription === subscription,
    );
    return taken;
  }

  /** Takes replayed works out of all lanes. */
  takeReplayed(matches: (work: Work) => boolean): Work[] {
    const taken: Work[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.replays.length > 0) taken.push(...lane.replays.remove(matches));
    }
    for (const work of taken) this.left(work);
    return taken;
  }

  #take(lane: Lane, matches: (work: Work) => boolean): Work[] {
    const taken = lane.queue.remove(matches);
    if (lane.replays.length > 0) taken.push(...lane.replays.remove(matches));
    for (const work of taken) this.left(work);
    return taken;
  }

  /** Forgets the lanes that have had nothing to do since `before` and nothing to remember. */
  #forgetIdle(before: number): void {
    for (const lane of this.#lanes.values()) {
      const wakes = lane.wake !== null || lane.lowWake !== null;
      if (!lane.isIdle || lane.hasMemory || wakes || lane.usedAt > before) continue;
      this.#lanes.delete(lane.key);
      for (const subscription of lane.users) {
        // It may have moved on to another target, and to the lane of that.
        if (this.find(subscription) === lane) this.#bySubscription.delete(subscription);
      }
    }
  }

  /** Reads the bytes for the works at the heads of the lane's queues. */
  load(lane: Lane): void {
    if (lane.loading) return;
    lane.loading = true;
    const done = () => {
      lane.loading = false;
      this.#options.ready(lane);
    };
    this.#load(lane).then(done, (error: unknown) => {
      this.#options.onError(error);
      this.#options.clock.setTimer(LOAD_AGAIN_MS, done);
    });
  }

  async #load(lane: Lane): Promise<void> {
    const wanted = heads(lane).filter((work) => work.content === null);
    const sequences = [...new Set(wanted.map((work) => work.sequence))];
    const contents = await this.#options.journal.contents(sequences);
    const bySequence = new Map(contents.map((content) => [content.sequence, content]));
    const queued = new Set(heads(lane));
    for (const work of wanted) {
      const content = bySequence.get(work.sequence);
      if (!queued.has(work)) continue;
      if (content === undefined) {
        this.takeOne(lane, work.sequence, work.subscription);
        this.#options.lost(work);
        continue;
      }
      work.content = content;
      this.#hotBytes += content.body.length;
    }
  }
}

function heads(lane: Lane): Work[] {
  return [...lane.queue.first(LOAD_CONTENTS), ...lane.replays.first(LOAD_CONTENTS)];
}
