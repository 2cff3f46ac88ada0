/**
 * Paths to values that must not be stored, as an operator writes them:
 *
 * | part | stands for |
 * |---|---|
 * | `data`, `metadata` | where every path begins |
 * | `.name` or `["any name"]` | the member of that name; the second form is a JSON string |
 * | `[0]` | the element of that index |
 * | `.*` or `[*]` | every member, every element |
 * | `.**` | any number of levels, none included; something must follow |
 *
 * `data.card.number`, `data.items[*].ssn`, `data["odd.key"]`, `data.**.password`. Arrays and
 * objects are not told apart, because a rule that misses what it was meant for is worse than one
 * that takes too much: `[0]` is also the member `"0"`.
 */
import { MAX_REDACT_PATH_CHARS } from './limits.ts';

/** Names the member to step to; the symbols stand for `*` and `**`. */
export type RedactStep = string | typeof ANY | typeof DEEP;
export const ANY = Symbol('*');
export const DEEP = Symbol('**');

export type RedactRoot = 'data' | 'metadata';

export interface RedactPath {
  readonly root: RedactRoot;
  readonly steps: readonly RedactStep[];
}

const ROOT = /^(?:data|metadata)(?=[.[]|$)/;
/** One step: group 1 a name or stars behind a dot, 2 an index or star, 3 a JSON string. */
const STEP = /\.([^.[\]"\s\p{Cc}]+)|\[(\d+|\*)\]|\[("(?:[^"\\]|\\.)*")\]/uy;

/** The path, or a sentence saying what is wrong with the text and where. */
export function parseRedactPath(text: string): RedactPath | string {
  if (text.length > MAX_REDACT_PATH_CHARS) {
    return `has more than ${MAX_REDACT_PATH_CHARS} characters`;
  }
  const [root] = ROOT.exec(text) ?? [];
  if (root !== 'data' && root !== 'metadata') {
    return 'must begin with "data" or "metadata", such as data.card.number';
  }
  const steps: RedactStep[] = [];
  for (let at = root.length; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const step = stepOf(STEP.exec(text));
    if (step === undefined) {
      return `goes wrong at character ${at + 1}; parts are .name, ["name"], [0], [*], .* and .**`;
    }
    steps.push(step);
  }
  if (steps.at(-1) === DEEP) return 'must name something behind "**"';
  if (steps.length === 0 && root === 'metadata') {
    return 'must stay an object; "metadata.*" redacts all that is in it';
  }
  return { root, steps };
}

function stepOf(match: RegExpExecArray | null): RedactStep | undefined {
  const [, name, index, quoted] = match ?? [];
  if (name === '**') return DEEP;
  if (name === '*' || index === '*') return ANY;
  // Nobody has a field of that name; it is a wildcard that we don't have.
  if (name?.includes('*') === true) return undefined;
  return name ?? index ?? (quoted === undefined ? undefined : fromJson(quoted));
}

function fromJson(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return undefined;
  }
}
