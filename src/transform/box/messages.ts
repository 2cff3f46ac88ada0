/** What the server and a box say to each other. */

export interface BoxJob {
  readonly tenant: number;
  readonly source: string;
  /** JSON text; null asks only whether the source compiles. */
  readonly input: string | null;
  /** Milliseconds. */
  readonly instant: number;
}

export type BoxReply =
  | { readonly kind: 'ready' }
  /** JSON text; empty when only compiling was asked for. */
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'failed'; readonly failure: BoxFailure };

export interface BoxFailure {
  readonly kind: 'expression' | 'limit';
  readonly detail: string;
  readonly message: string;
  /** UTF-16 units before the place, or null. */
  readonly offset: number | null;
}
