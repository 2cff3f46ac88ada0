/**
 * Runs transforms in boxes: a few processes, started when there is work and ended when there is
 * none. Turns are fair between tenants, and no tenant may hold all boxes at once.
 */
import { MAX_QUEUED_TRANSFORMS, MAX_TRANSFORM_SOURCE_CHARS } from '../domain/limits.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { Box, type BoxOutcome } from './box.ts';
import { FairQueue } from './fair-queue.ts';
import type {
  RunningTransform,
  Transformer,
  TransformFailure,
  TransformJob,
  TransformResult,
} from './port.ts';
import { sourcePosition } from './source-position.ts';

/** Boxes without work are ended after this long; each holds some 80 MB. */
const IDLE_MS = 30_000;
/** To check an expression is an administrator's errand, and worth waiting for. */
const CHECK_TIMEOUT_MS = 15_000;

interface Options {
  readonly clock: Clock;
  /** Processes at most; with two or more, one tenant never holds all of them. */
  readonly boxes: number;
}

interface Entry {
  readonly tenant: number;
  readonly source: string;
  /** Null only checks the source. */
  readonly input: Uint8Array | null;
  readonly instant: number;
  readonly queuedAt: number;
  done: ((result: TransformResult) => void) | null;
  timer: Timer | null;
}

export class TransformPool implements Transformer {
  readonly #options: Options;
  readonly #queue = new FairQueue<Entry>();
  readonly #free: Box[] = [];
  readonly #all = new Set<Box>();
  /** Jobs under way, by tenant. */
  readonly #running = new Map<number, number>();
  #idleTimer: Timer | null = null;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Processes that exist at the moment. */
  get size(): number {
    return this.#all.size;
  }

  run(job: TransformJob, done: (result: TransformResult) => void): RunningTransform {
    return this.#enter({ ...job, input: job.input }, job.timeoutMs, done);
  }

  async check(tenant: number, source: string): Promise<TransformFailure | undefined> {
    const { promise, resolve } = Promise.withResolvers<TransformResult>();
    this.#enter({ tenant, source, input: null, instant: 0 }, CHECK_TIMEOUT_MS, resolve);
    const result = await promise;
    return result.ok ? undefined : result.failure;
  }

  /** Ends all processes; what waits or runs fails as unavailable, and so does what comes later. */
  close(): void {
    this.#isClosed = true;
    this.#idleTimer?.cancel();
    for (const entry of this.#queue.takeAll()) this.#fail(entry, 'the server is shutting down');
    for (const box of this.#all) box.kill();
  }

  #enter(
    wanted: Pick<Entry, 'tenant' | 'source' | 'input' | 'instant'>,
    timeoutMs: number,
    done: (result: TransformResult) => void,
  ): RunningTransform {
    const { tenant, source, input, instant } = wanted;
    const queuedAt = this.#options.clock.monotonic();
    const entry: Entry = { tenant, source, input, instant, queuedAt, done, timer: null };
    const refusal = this.#refusal(source);
    if (refusal !== undefined) queueMicrotask(() => this.#fail(entry, refusal));
    else {
      this.#queue.push(entry);
      const late = `no process for transforms was free within ${Math.round(timeoutMs)} ms`;
      entry.timer = this.#options.clock.setTimer(timeoutMs, () => this.#giveUp(entry, late));
      this.#pump();
    }
    return { cancel: () => this.#cancel(entry) };
  }

  #refusal(source: string): string | undefined {
    if (this.#isClosed) return 'the server is shutting down';
    if (source.length > MAX_TRANSFORM_SOURCE_CHARS) {
      return `the expression has more than ${MAX_TRANSFORM_SOURCE_CHARS} characters`;
    }
    if (this.#queue.length < MAX_QUEUED_TRANSFORMS) return undefined;
    return `${MAX_QUEUED_TRANSFORMS} transforms wait already`;
  }

  #cancel(entry: Entry): void {
    entry.done = null;
    entry.timer?.cancel();
    // One that runs already is left to its end: it is short, and its box is worth keeping.
    this.#queue.remove(entry);
  }

  #giveUp(entry: Entry, detail: string): void {
    if (this.#queue.remove(entry)) this.#fail(entry, detail);
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#canRunOneMore()) {
      const entry = this.#queue.take((tenant) => this.#mayGoOn(tenant));
      if (entry === undefined) return;
      this.#idleTimer?.cancel();
      this.#idleTimer = null;
      this.#start(entry, this.#free.pop() ?? this.#open());
    }
  }

  #canRunOneMore(): boolean {
    return this.#free.length > 0 || this.#all.size < this.#options.boxes;
  }

  #mayGoOn(tenant: number): boolean {
    const most = Math.max(1, this.#options.boxes - 1);
    return (this.#running.get(tenant) ?? 0) < most;
  }

  #open(): Box {
    const box = new Box(this.#options.clock, (ended) => this.#forget(ended));
    this.#all.add(box);
    return box;
  }

  #forget(box: Box): void {
    this.#all.delete(box);
    const at = this.#free.indexOf(box);
    if (at >= 0) this.#free.splice(at, 1);
    this.#pump();
  }

  #start(entry: Entry, box: Box): void {
    entry.timer?.cancel();
    const { tenant, source, instant } = entry;
    this.#running.set(tenant, (this.#running.get(tenant) ?? 0) + 1);
    const input = entry.input === null ? null : Buffer.from(entry.input).toString('utf8');
    box.run({ tenant, source, input, instant }, (outcome) => {
      const left = (this.#running.get(tenant) ?? 1) - 1;
      if (left === 0) this.#running.delete(tenant);
      else this.#running.set(tenant, left);
      if (this.#all.has(box)) this.#free.push(box);
      this.#settle(entry, outcome);
      this.#pump();
      this.#restWhenIdle();
    });
  }

  #restWhenIdle(): void {
    if (this.#free.length < this.#all.size || this.#isClosed) return;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#options.clock.setTimer(IDLE_MS, () => {
      for (const box of this.#free.splice(0)) box.kill();
    });
  }

  #settle(entry: Entry, outcome: BoxOutcome): void {
    if (outcome.kind === 'unavailable') return this.#fail(entry, outcome.detail);
    const durationMs = this.#options.clock.monotonic() - entry.queuedAt;
    if (outcome.kind === 'output') {
      return this.#tell(entry, { ok: true, body: Buffer.from(outcome.text), durationMs });
    }
    const { kind, detail, message, offset } = outcome.failure;
    const position = offset === null ? null : sourcePosition(entry.source, offset);
    this.#tell(entry, { ok: false, failure: { kind, detail, message, position }, durationMs });
  }

  #fail(entry: Entry, detail: string): void {
    const durationMs = this.#options.clock.monotonic() - entry.queuedAt;
    const failure = { kind: 'unavailable', detail, message: detail, position: null } as const;
    this.#tell(entry, { ok: false, failure, durationMs });
  }

  #tell(entry: Entry, result: TransformResult): void {
    const { done } = entry;
    entry.done = null;
    done?.(result);
  }
}
