/**
 * The port to transforms: JSONata expressions of subscribers, run over one event each. They are
 * strangers' programs, so whoever implements this runs them in a box of their own.
 */

export interface TransformJob {
  /** Jobs of one tenant wait for each other before they make other tenants wait. */
  readonly tenant: number;
  /** The JSONata expression. */
  readonly source: string;
  /** The envelope: UTF-8 JSON. */
  readonly input: Uint8Array;
  /** What the expression takes for the present, milliseconds: the event's own time. */
  readonly instant: number;
  /** The most it may take, waiting for its turn included, milliseconds. */
  readonly timeoutMs: number;
}

export type TransformFailureKind =
  /** The expression is at fault, in itself or with this event. */
  | 'expression'
  /** It took too long, too much memory, or gave too much. */
  | 'limit'
  /** Not its fault: too much to do, or the box could not be opened. */
  | 'unavailable';

export interface TransformFailure {
  readonly kind: TransformFailureKind;
  /** One sentence that says what is wrong and holds nothing of the event. */
  readonly detail: string;
  /** The same with values of the event in it: for those alone who brought the event along. */
  readonly message: string;
  /** Where in the source, if that is known. */
  readonly position: SourcePosition | null;
}

export interface SourcePosition {
  /** UTF-16 units before it. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

export type TransformResult =
  /** `body` is UTF-8 JSON. */
  | { readonly ok: true; readonly body: Uint8Array; readonly durationMs: number }
  | { readonly ok: false; readonly failure: TransformFailure; readonly durationMs: number };

export interface RunningTransform {
  /** Takes it back; `done` is not called any more. Idempotent. */
  cancel(): void;
}

export interface Transformer {
  /** `done` is called once, unless it is cancelled, and never before `run` returns. */
  run(job: TransformJob, done: (result: TransformResult) => void): RunningTransform;
  /** What is wrong with an expression in itself, or undefined when it compiles. */
  check(tenant: number, source: string): Promise<TransformFailure | undefined>;
}
