/**
 * The server's side of a box: a process of its own that runs one job at a time. Not a thread: when
 * an expression eats all memory of a thread, V8 ends the whole process with it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MAX_TRANSFORM_MEMORY_MIB, MAX_TRANSFORM_MS } from '../domain/limits.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { BoxFailure, BoxJob, BoxReply } from './box/messages.ts';

/** The box holds the time limit itself; this is for one that is busy collecting garbage. */
const KILL_AFTER_MS = 4 * MAX_TRANSFORM_MS;
const START_WITHIN_MS = 10_000;
const YOUNG_GENERATION_MIB = 8;

const MAIN = fileURLToPath(new URL('./box/main.ts', import.meta.url));
/** The code it needs: no secret lies below it. */
const CODE = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));
const LIBRARY = realpathSync(fileURLToPath(import.meta.resolve('jsonata')));

export type BoxOutcome =
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'failed'; readonly failure: BoxFailure }
  /** It never began with the job. */
  | { readonly kind: 'unavailable'; readonly detail: string };

/** The job it works on, or the one it is to begin with. */
interface Current {
  readonly job: BoxJob;
  readonly done: (outcome: BoxOutcome) => void;
}

/** The server's own work goes first where both want the processor. */
function yieldToOthers(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system does not allow it: it works without.
  }
}

export class Box {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #ended: (box: Box) => void;
  #isReady = false;
  #wasSlow = false;
  #hasEnded = false;
  #current: Current | null = null;
  #timer: Timer | null = null;

  /** Starts the process. @param ended told once, when it takes no more jobs. */
  constructor(clock: Clock, ended: (box: Box) => void) {
    this.#clock = clock;
    this.#ended = ended;
    this.#child = fork(MAIN, [LIBRARY], {
      // No secret of the server, and one time zone wherever it runs.
      env: { TZ: 'UTC' },
      execArgv: [
        '--permission',
        `--allow-fs-read=${CODE}`,
        `--allow-fs-read=${PACKAGE}`,
        `--allow-fs-read=${LIBRARY}`,
        `--max-old-space-size=${MAX_TRANSFORM_MEMORY_MIB}`,
        `--max-semi-space-size=${YOUNG_GENERATION_MIB}`,
      ],
      serialization: 'advanced',
      // What V8 says when memory runs out is for nobody to read.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (reply: BoxReply) => this.#heard(reply));
    this.#child.on('exit', (_code, signal) => this.#end(signal));
    this.#child.on('error', () => this.#end(null));
    yieldToOthers(this.#child.pid);
    this.#rest();
  }

  /** Only while it has none. `done` is called once. */
  run(job: BoxJob, done: Current['done']): void {
    this.#current = { job, done };
    // While a job is under way, the server's process has a reason to go on.
    this.#child.ref();
    this.#child.channel?.ref();
    if (this.#isReady) this.#send();
    else this.#timer = this.#clock.setTimer(START_WITHIN_MS, () => this.kill());
  }

  /** Ends the process at once. Its job, if it has one, ends as unavailable. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #send(): void {
    if (this.#current === null) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(KILL_AFTER_MS, () => {
      this.#wasSlow = true;
      this.kill();
    });
    // A failed write means that the process is gone, which `exit` tells as well.
    this.#child.send(this.#current.job, () => undefined);
  }

  #heard(reply: BoxReply): void {
    if (reply.kind !== 'ready') return this.#finish(reply);
    this.#isReady = true;
    this.#send();
  }

  #finish(outcome: BoxOutcome): void {
    this.#timer?.cancel();
    const current = this.#current;
    this.#current = null;
    this.#rest();
    current?.done(outcome);
  }

  #end(signal: NodeJS.Signals | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ended(this);
    if (this.#current !== null) this.#finish(this.#fate(signal));
  }

  #fate(signal: NodeJS.Signals | null): BoxOutcome {
    if (!this.#isReady) {
      return { kind: 'unavailable', detail: 'the process for transforms could not be started' };
    }
    // V8 aborts when memory runs out; on a machine without memory the system kills.
    if (signal === 'SIGABRT' || this.#wasSlow) {
      const limit = this.#wasSlow
        ? `took longer than ${MAX_TRANSFORM_MS} ms`
        : `needs more than ${MAX_TRANSFORM_MEMORY_MIB} MiB of memory`;
      const detail = `it ${limit}`;
      return { kind: 'failed', failure: { kind: 'limit', detail, message: detail, offset: null } };
    }
    return { kind: 'unavailable', detail: 'the process for transforms ended during the work' };
  }
}
