/** Says why a filter does not match: the first condition that fails, in the order written. */
import type { Condition } from './condition.ts';
import { compileStep } from './json-value.ts';
import { OPERATORS } from './operators.ts';

export interface Mismatch {
  /** JSON Pointer into the filter document: the condition that failed. */
  readonly pointer: string;
  /** One sentence for a person, with a part of the value. */
  readonly detail: string;
}

/** Longer values are cut in explanations. */
const MAX_SHOWN_CHARS = 60;

/** Undefined when the value matches. */
export function explainMismatch(condition: Condition, value: unknown): Mismatch | undefined {
  switch (condition.kind) {
    case 'test': {
      const { operator, operand, pointer } = condition;
      if (OPERATORS[operator].compile(operand)(value)) return undefined;
      const found = value === undefined ? 'there is no such value' : `the value is ${shown(value)}`;
      return { pointer, detail: `${found}, and ${operator} asks for ${shown(operand)}` };
    }
    case 'member':
      return explainMismatch(condition.condition, compileStep(condition.key)(value));
    case 'not': {
      const holds = explainMismatch(condition.condition, value) === undefined;
      if (!holds) return undefined;
      return { pointer: condition.pointer, detail: 'what $not negates holds' };
    }
    case 'all':
      for (const each of condition.conditions) {
        const mismatch = explainMismatch(each, value);
        if (mismatch !== undefined) return mismatch;
      }
      return undefined;
    case 'any': {
      const { conditions, pointer } = condition;
      const holds = conditions.some((each) => explainMismatch(each, value) === undefined);
      if (holds) return undefined;
      return { pointer, detail: `none of the ${conditions.length} alternatives of $or holds` };
    }
  }
}

/** An event's own objects may be nested too deeply to be written as text again. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
  }
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
