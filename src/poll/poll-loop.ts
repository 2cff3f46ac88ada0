/**
 * Decides what runs when: one timer for everything (docs/decisions/0002 tells why there is one).
 * Polls wait in the lane of their credential until they are due and its budget lets them; chores,
 * which ask nobody outside for anything, only until they are due.
 */
import { MAX_POLLS_PER_NODE } from '../domain/limits-poll.ts';
import { spend } from '../domain/poll/budget.ts';
import { DueHeap } from '../domain/poll/due-heap.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { CredentialLane, type Watched } from './watched.ts';

/** Timers fire a little early or late; what is due within this runs together. */
const COALESCE_MS = 1;

interface Options {
  readonly clock: Clock;
  /** False where another node spends this budget. */
  readonly mayPoll: (lane: CredentialLane) => boolean;
  /** Starts a poll; the loop is told by `pollEnded`. */
  readonly poll: (watched: Watched) => void;
  readonly chore: (watched: Watched) => void;
}

/** How often a lane that may not poll is looked at again. */
const NOT_OURS_MS = 1_000;

export class PollLoop {
  readonly #options: Options;
  readonly #lanes = new Map<string, CredentialLane>();
  readonly #wakes = new DueHeap<CredentialLane>();
  readonly #chores = new DueHeap<Watched>();
  #inFlight = 0;
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  lane(key: string): CredentialLane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new CredentialLane(key);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Members or budget of the lane have changed. */
  changed(lane: CredentialLane): void {
    if (lane.members.size === 0) {
      this.#lanes.delete(lane.key);
      this.#wakes.delete(lane);
      return;
    }
    lane.rebudget(this.#options.clock.monotonic());
    this.#arrange(lane);
  }

  /** The resource is polled in so many milliseconds, or as soon after as its budget allows. */
  pollIn(watched: Watched, delayMs: number): void {
    const { lane } = watched.owner;
    lane.due.set(watched, this.#options.clock.monotonic() + Math.max(0, delayMs));
    this.#arrange(lane);
  }

  choreIn(watched: Watched, delayMs: number): void {
    this.#chores.set(watched, this.#options.clock.monotonic() + Math.max(0, delayMs));
    this.#wake();
  }

  drop(watched: Watched): void {
    watched.owner.lane.due.delete(watched);
    this.#chores.delete(watched);
  }

  pollEnded(lane: CredentialLane): void {
    lane.inFlight -= 1;
    this.#inFlight -= 1;
    if (lane.members.size > 0) this.#arrange(lane);
    else this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #arrange(lane: CredentialLane): void {
    const wakeAt = lane.wakeAt(this.#options.clock.monotonic());
    if (wakeAt === Number.POSITIVE_INFINITY) this.#wakes.delete(lane);
    else this.#wakes.set(lane, wakeAt);
    this.#wake();
  }

  /** Sets the timer for whatever comes first. Nothing runs before the caller has returned. */
  #wake(): void {
    if (this.#isStopped) return;
    const canPoll = this.#inFlight < MAX_POLLS_PER_NODE;
    const at = Math.min(this.#chores.nextAt, canPoll ? this.#wakes.nextAt : Infinity);
    if (at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimer(Math.max(0, Math.ceil(at - clock.monotonic())), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  #run(): void {
    const { clock, chore } = this.#options;
    const now = clock.monotonic();
    while (this.#chores.nextAt <= now + COALESCE_MS) {
      const watched = this.#chores.pop();
      if (watched !== undefined) chore(watched);
    }
    while (this.#wakes.nextAt <= now && this.#inFlight < MAX_POLLS_PER_NODE) {
      const lane = this.#wakes.peek();
      if (lane === undefined) break;
      this.#startOne(lane, now);
    }
    this.#wake();
  }

  #startOne(lane: CredentialLane, now: number): void {
    if (!this.#options.mayPoll(lane)) {
      this.#wakes.set(lane, now + NOT_OURS_MS);
      return;
    }
    const isDue = lane.due.nextAt <= now && spend(lane.budget, now);
    const watched = isDue ? lane.due.pop() : undefined;
    if (watched !== undefined) {
      lane.inFlight += 1;
      this.#inFlight += 1;
      this.#options.poll(watched);
    }
    const wakeAt = lane.wakeAt(now);
    if (wakeAt === Number.POSITIVE_INFINITY) this.#wakes.delete(lane);
    else this.#wakes.set(lane, wakeAt);
  }
}
