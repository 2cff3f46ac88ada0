/** A filter as it is understood: what `parse.ts` makes of the document, and the rest works with. */
import type { OperatorName } from './operators.ts';

export type Condition =
  /** All must hold. */
  | { readonly kind: 'all'; readonly conditions: readonly Condition[] }
  /** Holds for what the member `key` of the value is. */
  | {
      readonly kind: 'member';
      readonly key: string;
      readonly condition: Condition;
    }
  /** One of them must hold. */
  | { readonly kind: 'any'; readonly pointer: string; readonly conditions: readonly Condition[] }
  /** Must not hold. */
  | { readonly kind: 'not'; readonly pointer: string; readonly condition: Condition }
  | {
      readonly kind: 'test';
      readonly pointer: string;
      readonly operator: OperatorName;
      readonly operand: unknown;
    };

/** One mistake in a filter document. */
export interface FilterProblem {
  /** JSON Pointer (RFC 6901) into the document; empty for the whole of it. */
  readonly pointer: string;
  /** What is wrong there: a sentence without its subject. */
  readonly detail: string;
}
