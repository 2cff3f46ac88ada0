/** A try that has to wait for its body: transform first, then send, in one time limit. */
import type { AttemptResult } from '../domain/attempt-result.ts';
import type { RunningTransform, Transformer, TransformResult } from '../transform/port.ts';
import type { AttemptJob, RunningAttempt } from './destination.ts';
import { instantOf } from './payload.ts';

type Done = (result: AttemptResult) => void;

interface Options {
  readonly job: AttemptJob;
  /** The expression. */
  readonly transform: string;
  readonly transformer: Transformer;
  readonly send: (
    job: AttemptJob,
    transformed: Uint8Array,
    timeoutMs: number,
    done: Done,
  ) => RunningAttempt;
  readonly done: Done;
}

export class TransformedAttempt implements RunningAttempt {
  readonly #options: Options;
  readonly #transforming: RunningTransform;
  #sending: RunningAttempt | null = null;
  #hasEnded = false;

  constructor(options: Options) {
    this.#options = options;
    const { job, transform, transformer } = options;
    const { tenant, timeoutMs } = job.subscription;
    this.#transforming = transformer.run(
      { tenant, source: transform, input: job.body, instant: instantOf(job), timeoutMs },
      (result) => this.#transformed(result),
    );
  }

  abort(): void {
    if (this.#sending !== null) return this.#sending.abort();
    this.#transforming.cancel();
    const result: AttemptResult = {
      kind: 'failure',
      reason: 'reset',
      detail: 'aborted by shutdown',
      durationMs: 0,
    };
    queueMicrotask(() => this.#end(result));
  }

  #transformed(result: TransformResult): void {
    if (this.#hasEnded) return;
    const { durationMs } = result;
    if (!result.ok) return this.#end(failed(sentence(result), durationMs));
    const { job, send } = this.#options;
    const leftMs = job.subscription.timeoutMs - durationMs;
    if (leftMs < 1) {
      return this.#end(failed('the transform left no time for the request', durationMs));
    }
    try {
      // What the whole try took includes the transform.
      this.#sending = send(job, result.body, leftMs, (sent) =>
        this.#end({ ...sent, durationMs: sent.durationMs + durationMs }),
      );
    } catch {
      this.#end(failed('the result of the transform could not be sent', durationMs));
    }
  }

  #end(result: AttemptResult): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.done(result);
  }
}

function failed(detail: string, durationMs: number): AttemptResult {
  return { kind: 'failure', reason: 'transform_failed', detail, durationMs };
}

/** Holds nothing of the event: it is stored, shown in lists, and sent in operational events. */
function sentence({ failure }: Extract<TransformResult, { ok: false }>): string {
  const { kind, detail, position } = failure;
  if (kind === 'unavailable') return `the transform could not be run: ${detail}`;
  const place = position === null ? '' : ` at line ${position.line}, column ${position.column}`;
  return `the transform failed${place}: ${detail}`;
}
