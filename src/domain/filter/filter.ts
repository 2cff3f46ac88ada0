/**
 * Filters: JSON objects that say which events a subscription takes. A document is read and compiled
 * once, into closures; matching an event then costs well below a microsecond a condition.
 *
 *     {"data": {"amount": {"$gte": 100}, "country": {"$in": ["KR", "US"]}}}
 *
 * Siblings are ANDed, objects are paths, plain values mean equality. A path that leads nowhere
 * makes every test false but `$exists: false`, `$ne` and `$not`. Nothing in a filter is a regular
 * expression, so no document can be slow out of proportion to its size.
 */
import type { FilterDocument } from '../subscription.ts';
import type { Condition, FilterProblem } from './condition.ts';
import { compileStep } from './json-value.ts';
import { OPERATORS, type Test } from './operators.ts';
import { parseFilter } from './parse.ts';

export { explainMismatch } from './explain.ts';
export type { FilterProblem } from './condition.ts';

/** What filters look at: the envelope, and the event's private notes. Absent members are absent. */
export interface FilterSubject {
  readonly webhook_id: string;
  readonly event_type: string;
  readonly timestamp: string;
  readonly task_id?: string | undefined;
  readonly run_id?: string | undefined;
  readonly status?: string | undefined;
  readonly source_id?: string | undefined;
  readonly provider_event_id?: string | undefined;
  readonly data: unknown;
  readonly metadata?: unknown;
}

export type Matches = (subject: FilterSubject) => boolean;

export type CompiledFilter =
  | { readonly ok: true; readonly matches: Matches; readonly condition: Condition }
  | { readonly ok: false; readonly problems: readonly FilterProblem[] };

/** @param document parsed JSON of any shape; what is wrong with it is named, never thrown. */
export function compileFilter(document: unknown): CompiledFilter {
  const parsed = parseFilter(document);
  if (!parsed.ok) return parsed;
  const { condition } = parsed;
  return { ok: true, matches: compile(condition), condition };
}

const remembered = new WeakMap<FilterDocument, Matches>();

/**
 * The test of a stored document, compiled at its first use. One that this version does not
 * understand matches nothing: events that were to be kept out must not come in.
 */
export function filterOf(document: FilterDocument): Matches {
  let matches = remembered.get(document);
  if (matches === undefined) {
    const compiled = compileFilter(document);
    matches = compiled.ok ? compiled.matches : () => false;
    remembered.set(document, matches);
  }
  return matches;
}

function compile(condition: Condition): Test {
  switch (condition.kind) {
    case 'test':
      return OPERATORS[condition.operator].compile(condition.operand);
    case 'member': {
      const step = compileStep(condition.key);
      const test = compile(condition.condition);
      return (value) => test(step(value));
    }
    case 'not': {
      const test = compile(condition.condition);
      return (value) => !test(value);
    }
    case 'all': {
      const tests = condition.conditions.map(compile);
      return (value) => tests.every((test) => test(value));
    }
    case 'any': {
      const tests = condition.conditions.map(compile);
      return (value) => tests.some((test) => test(value));
    }
  }
}
