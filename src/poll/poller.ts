/**
 * Looks at the resources of poll sources and publishes what has changed. Sources come and go by
 * `put` and `remove`; what is remembered of their resources comes from the store when a source
 * starts being watched here, so a restart goes on with the schedule where it was.
 */
import { POLL_PROVIDER, pollSettings, type PollSettings } from '../domain/poll/settings.ts';
import { NEW_RESOURCE, readState, type ResourceState } from '../domain/poll/state.ts';
import type { Source } from '../domain/source.ts';
import type { Service } from '../runtime/service.ts';
import type { Timer } from '../runtime/clock.ts';
import { selectionsOf } from './answer.ts';
import { PollLoop } from './poll-loop.ts';
import { PollRunner } from './poll-runner.ts';
import { statusOf, type PollStatus } from './poll-status.ts';
import type { PollOptions, PollTrouble } from './ports.ts';
import { StateKeeper } from './state-keeper.ts';
import { TroubleWatch } from './trouble-watch.ts';
import { budgetKey, type Watched, type WatchedSource } from './watched.ts';

/** How often it is looked which budgets are ours, and what could not be loaded is tried again. */
const LOOK_AGAIN_MS = 1_000;

/** A source that exists, whether or not it is watched here. */
interface Known {
  readonly source: Source;
  /** Null where the source can't be used, and then `problem` says why. */
  readonly settings: PollSettings | null;
  watched: WatchedSource | null;
  /** Its states are being read. */
  isLoading: boolean;
  /** Why it can't be watched whatever its status says, or null. */
  problem: string | null;
}

export class Poller implements Service {
  readonly #options: PollOptions;
  readonly #known = new Map<number, Known>();
  readonly #loop: PollLoop;
  readonly #keeper: StateKeeper;
  readonly #trouble: TroubleWatch;
  readonly #runner: PollRunner;
  #isRunning = false;
  #timer: Timer | null = null;

  constructor(options: PollOptions) {
    this.#options = options;
    this.#keeper = new StateKeeper(options);
    this.#trouble = new TroubleWatch((trouble) => this.#tell(trouble));
    this.#loop = new PollLoop({
      clock: options.clock,
      mayPoll: ({ key }) => this.#owns(key),
      poll: (watched) => this.#runner.poll(watched),
      chore: (watched) => this.#runner.goOn(watched),
    });
    const parts = { loop: this.#loop, keeper: this.#keeper, trouble: this.#trouble };
    this.#runner = new PollRunner(options, parts);
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#lookAgain();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#loop.stop();
    for (const known of this.#known.values()) this.#unwatch(known);
    await this.#keeper.flush();
    this.#keeper.stop();
  }

  /** A source that is new, has changed, or is there at the start; no others but poll sources. */
  put(source: Source): void {
    if (source.provider !== POLL_PROVIDER) return;
    const former = this.#known.get(source.number);
    if (former?.source === source) return;
    const known = read(source);
    this.#known.set(source.number, known);
    if (former !== undefined && former.watched !== null) this.#replace(former, known);
    if (this.#isRunning) this.#arrange();
  }

  /** A source that was deleted: what was remembered for it goes, too. */
  remove(number: number): void {
    const known = this.#known.get(number);
    if (known === undefined) return;
    this.#known.delete(number);
    const all = known.watched?.resources.values() ?? [];
    this.#keeper.forget(all);
    this.#unwatch(known);
    this.#keeper
      .flush()
      .then(() => this.#options.states.remove(number))
      .catch(this.#options.onError);
  }

  /** How its polls are going; undefined for what is no poll source. */
  async status(source: Source): Promise<PollStatus | undefined> {
    if (source.provider !== POLL_PROVIDER) return undefined;
    const known = this.#known.get(source.number);
    const { settings, problem: fault } = known ?? read(source);
    if (settings === null) return undefined;
    const { clock, states } = this.#options;
    const watched = known?.watched ?? null;
    const stored = watched === null ? await states.load(source.number) : [];
    const byName = new Map(stored.map((row) => [row.resource, readState(row.state)]));
    const stateOf = (name: string): ResourceState =>
      watched?.resources.get(name)?.state ?? byName.get(name) ?? NEW_RESOURCE;
    const budget = watched?.lane.budget ?? null;
    const problem = fault ?? source.lockedReason;
    const now = clock.now();
    return statusOf({ settings, stateOf, budget, problem, now, monotonic: clock.monotonic() });
  }

  #lookAgain(): void {
    this.#arrange();
    this.#timer = this.#options.clock.setTimer(LOOK_AGAIN_MS, () => this.#lookAgain());
  }

  /** Makes what is watched here what should be. */
  #arrange(): void {
    for (const known of this.#known.values()) {
      const isWanted = this.#shouldWatch(known);
      if (isWanted && known.watched === null && !known.isLoading) this.#load(known);
      else if (!isWanted && known.watched !== null) this.#unwatch(known);
    }
  }

  #shouldWatch(known: Known): boolean {
    const { source, settings } = known;
    if (!this.#isRunning || this.#known.get(source.number) !== known) return false;
    if (settings === null || source.status !== 'active' || source.lockedReason !== null)
      return false;
    return known.problem === null && this.#owns(budgetKey(source, settings));
  }

  #owns(key: string): boolean {
    return this.#options.ownership?.owns(key) ?? true;
  }

  #load(known: Known): void {
    known.isLoading = true;
    this.#read(known)
      .catch(this.#options.onError)
      .finally(() => {
        known.isLoading = false;
      });
  }

  async #read(known: Known): Promise<void> {
    const { number } = known.source;
    // What is still on its way to the store must be there before it is read.
    await this.#keeper.flush();
    const rows = await this.#options.states.load(number);
    if (!this.#shouldWatch(known)) return;
    const states = new Map(rows.map((row) => [row.resource, readState(row.state)]));
    const watched = this.#compile(known);
    if (watched === null) return;
    known.watched = watched;
    this.#fill(watched, (name) => states.get(name) ?? NEW_RESOURCE);
    this.#goOn(watched);
  }

  /** Null when its settings can't be used; then it says why. */
  #compile(known: Known): WatchedSource | null {
    const { source, settings } = known;
    if (settings === null) return null;
    try {
      const selections = selectionsOf(settings);
      const lane = this.#loop.lane(budgetKey(source, settings));
      const failing = new Set<string>();
      return { source, settings, selections, lane, resources: new Map(), failing };
    } catch (error) {
      known.problem = error instanceof Error ? error.message : String(error);
      return null;
    }
  }

  #fill(owner: WatchedSource, stateOf: (name: string) => ResourceState): void {
    owner.lane.members.add(owner);
    this.#loop.changed(owner.lane);
    for (const resource of owner.settings.resources) {
      const state = stateOf(resource.name);
      const watched: Watched = {
        owner,
        resource,
        state,
        running: null,
        mustSave: false,
        isWanted: true,
      };
      owner.resources.set(resource.name, watched);
      this.#trouble.restore(watched);
    }
  }

  #goOn({ resources }: WatchedSource): void {
    for (const each of resources.values()) this.#runner.goOn(each);
  }

  /** The source has changed: what is known of its resources stays. */
  #replace(former: Known, known: Known): void {
    const before = former.watched;
    if (before === null) return;
    this.#unwatch(former);
    const watched = this.#shouldWatch(known) ? this.#compile(known) : null;
    if (watched === null) return;
    // From here on the new ones write what is remembered; the old ones would write it over.
    this.#keeper.forget(before.resources.values());
    known.watched = watched;
    const isSameQuestion = watched.settings.basis === before.settings.basis;
    this.#fill(watched, (name) => {
      const state = before.resources.get(name)?.state ?? NEW_RESOURCE;
      // Whoever has mended something wants to know whether it works.
      return isSameQuestion && state.failures === 0
        ? state
        : { ...state, nextPollAt: null, intervalSeconds: null };
    });
    for (const [name, each] of watched.resources) {
      each.mustSave = before.resources.get(name)?.mustSave ?? false;
      this.#keeper.note(each);
    }
    this.#goOn(watched);
  }

  #unwatch(known: Known): void {
    const { watched } = known;
    if (watched === null) return;
    known.watched = null;
    for (const each of watched.resources.values()) {
      each.isWanted = false;
      this.#loop.drop(each);
      each.running?.abort();
    }
    watched.lane.members.delete(watched);
    this.#loop.changed(watched.lane);
  }

  #tell(trouble: PollTrouble): void {
    const { kind, source, resource, reason, at } = trouble;
    const { tenant, id } = source;
    this.#options.telemetry.emit({
      event: kind === 'failing' ? 'poll.failing' : 'poll.recovered',
      at,
      tenant,
      source: id,
      resource,
      reason,
    });
    this.#options.onTrouble(trouble);
  }
}

/** The API has checked its settings before they were stored; a store may hold anything. */
function read(source: Source): Known {
  const known = { source, watched: null, isLoading: false };
  const { url } = source.config;
  return typeof url === 'string'
    ? { ...known, settings: pollSettings({ ...source.config, url }), problem: null }
    : { ...known, settings: null, problem: 'its configuration has no url' };
}
