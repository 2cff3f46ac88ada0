/**
 * JSONPath (RFC 9535) over answers that strangers wrote, with expressions that tenants wrote.
 *
 * The library parses and walks, and never evaluates code. What it can't bound itself is bounded
 * here: the steps by a metered view of the answer, and the functions that could be slow inside one
 * step by leaving them out (`match` and `search` run regular expressions, `length` counts through
 * long texts).
 */
import { JSONPathEnvironment, type JSONPathQuery, type JSONValue } from 'json-p3';
import { MAX_SELECT_CHARS, MAX_SELECT_STEPS, MAX_SELECTED_DEPTH } from '../domain/limits-poll.ts';
import { Metered } from './metered.ts';

const LEFT_OUT = ['match', 'search', 'length'];

const environment = new JSONPathEnvironment({ maxRecursionDepth: MAX_SELECTED_DEPTH });
for (const name of LEFT_OUT) environment.functionRegister.delete(name);

export interface Selection {
  /** Values in document order. @throws Error for an answer that takes too many steps. */
  values(json: unknown): readonly unknown[];
  /** True for a path to one place: names and indexes only. */
  readonly isSingular: boolean;
}

/** @throws TypeError saying what is wrong with the expression. */
export function compileSelect(expression: string): Selection {
  if (expression.length > MAX_SELECT_CHARS) {
    throw new TypeError(`is longer than ${MAX_SELECT_CHARS} characters`);
  }
  const query = parse(expression);
  return {
    isSingular: query.singularQuery(),
    values(json) {
      const metered = new Metered(MAX_SELECT_STEPS);
      const values: unknown[] = [];
      const view = metered.view(json);
      if (!isJson(view)) return values;
      for (const { value } of query.lazyQuery(view)) {
        values.push(metered.original(value));
      }
      return values;
    },
  };
}

/** What `JSON.parse` gives; nothing else comes here. */
function isJson(value: unknown): value is JSONValue {
  return value !== undefined;
}

function parse(expression: string): JSONPathQuery {
  try {
    return environment.compile(expression);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const named = LEFT_OUT.find((name) => expression.includes(`${name}(`));
    const hint = named === undefined ? '' : `; ${named}() is left out, because it can be slow`;
    throw new TypeError(`is no JSONPath (RFC 9535): ${why}${hint}`, { cause: error });
  }
}
