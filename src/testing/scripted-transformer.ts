/** A transformer whose answers come when the test says so, for what a real one can't be made to. */
import type {
  RunningTransform,
  Transformer,
  TransformJob,
  TransformResult,
} from '../transform/port.ts';

interface Waiting {
  readonly job: TransformJob;
  readonly done: (result: TransformResult) => void;
}

export class ScriptedTransformer implements Transformer {
  readonly waiting: Waiting[] = [];
  cancelled = 0;

  run(job: TransformJob, done: (result: TransformResult) => void): RunningTransform {
    const entry = { job, done };
    this.waiting.push(entry);
    return {
      cancel: () => {
        this.cancelled += 1;
        const at = this.waiting.indexOf(entry);
        if (at >= 0) this.waiting.splice(at, 1);
      },
    };
  }

  /** Answers the oldest job. */
  answer(result: TransformResult): void {
    const next = this.waiting.shift();
    if (next === undefined) throw new Error('no transform waits for an answer');
    next.done(result);
  }

  async check(): Promise<undefined> {}
}
