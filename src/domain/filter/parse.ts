/** Reads a filter document: finds every mistake in it with its place, within the limits. */
import {
  MAX_FILTER_BYTES,
  MAX_FILTER_DEPTH,
  MAX_FILTER_NODES,
  MAX_FILTER_SCANS,
  MAX_FILTER_STRING_CHARS,
} from '../limits.ts';
import type { Condition, FilterProblem } from './condition.ts';
import { isJsonObject, type JsonObject } from './json-value.ts';
import { isOperatorName, OPERATORS, type OperatorName } from './operators.ts';

/** The envelope's members, and `metadata`, which is never delivered but may be filtered by. */
export const FILTERABLE_MEMBERS = [
  'webhook_id',
  'event_type',
  'timestamp',
  'task_id',
  'run_id',
  'status',
  'source_id',
  'provider_event_id',
  'data',
  'metadata',
] as const;

export type ParsedFilter =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly problems: readonly FilterProblem[] };

const KNOWN_OPERATORS = [...Object.keys(OPERATORS), '$not', '$or'].join(', ');
const KNOWN_MEMBERS = FILTERABLE_MEMBERS.join(', ');
/** A document with a thousand mistakes gets the first ones told. */
const MAX_PROBLEMS = 20;
const NOTHING: Condition = { kind: 'all', conditions: [] };

/** Never throws, whatever the value is. */
export function parseFilter(document: unknown): ParsedFilter {
  const reader = new Reader();
  const condition = reader.document(document);
  if (reader.problems.length === 0) reader.checkSize(document);
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems };
  return { ok: true, condition };
}

/** Where in the document the reader is. */
interface Place {
  readonly pointer: string;
  readonly depth: number;
  /** The conditions here are about the event as a whole, not about one of its members. */
  readonly isWhole: boolean;
}

class Reader {
  readonly problems: FilterProblem[] = [];
  #nodes = 0;
  #scans = 0;

  document(document: unknown): Condition {
    const place = { pointer: '', depth: 1, isWhole: true };
    // The empty filter takes everything; further inside, nothing at all is more likely a mistake.
    if (isJsonObject(document) && Object.keys(document).length === 0) return NOTHING;
    return this.#condition(document, place);
  }

  checkSize(document: unknown): void {
    const bytes = new TextEncoder().encode(JSON.stringify(document)).length;
    if (bytes > MAX_FILTER_BYTES) {
      this.#problem('', `takes ${bytes} bytes of JSON; the limit is ${MAX_FILTER_BYTES}`);
    }
  }

  #problem(pointer: string, detail: string): Condition {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ pointer, detail });
    return NOTHING;
  }

  /** Counts a value of the document; false when it must not be looked into. */
  #enter({ pointer, depth }: Pick<Place, 'pointer' | 'depth'>): boolean {
    this.#nodes += 1;
    if (this.#nodes > MAX_FILTER_NODES) {
      if (this.#nodes === MAX_FILTER_NODES + 1) {
        this.#problem('', `holds more than ${MAX_FILTER_NODES} values and conditions`);
      }
      return false;
    }
    if (depth <= MAX_FILTER_DEPTH) return true;
    this.#problem(pointer, `is nested more than ${MAX_FILTER_DEPTH} levels deep`);
    return false;
  }

  #condition(value: unknown, place: Place): Condition {
    if (isJsonObject(value)) return this.#object(value, place);
    if (place.isWhole) return this.#problem(place.pointer, 'must be an object of conditions');
    return this.#test('$eq', value, place);
  }

  #object(value: JsonObject, place: Place): Condition {
    if (!this.#enter(place)) return NOTHING;
    const keys = Object.keys(value);
    if (keys.length === 0) {
      const detail =
        'is empty; use {"$exists": true} for any value, {"$eq": {}} for an empty object';
      return this.#problem(place.pointer, place.isWhole ? 'holds no condition' : detail);
    }
    const conditions = keys.map((key) => {
      const inner = inside(place, key);
      if (key.startsWith('$') && !key.startsWith('$$')) {
        return this.#operator(key, value[key], inner);
      }
      return this.#member(key, value[key], inner);
    });
    const [only] = conditions;
    return conditions.length === 1 && only !== undefined ? only : { kind: 'all', conditions };
  }

  #member(key: string, value: unknown, place: Place): Condition {
    if (place.isWhole && !FILTERABLE_MEMBERS.some((name) => name === key)) {
      const detail = `is no member of an event; known are: ${KNOWN_MEMBERS}`;
      return this.#problem(place.pointer, detail);
    }
    // A member whose own name begins with a dollar sign is written with two.
    const name = key.startsWith('$$') ? key.slice(1) : key;
    const condition = this.#condition(value, { ...place, isWhole: false });
    return { kind: 'member', key: name, condition };
  }

  #operator(name: string, operand: unknown, place: Place): Condition {
    const { pointer } = place;
    if (name === '$or') return this.#any(operand, place);
    if (name === '$not') {
      return { kind: 'not', pointer, condition: this.#condition(operand, place) };
    }
    if (!isOperatorName(name)) {
      return this.#problem(pointer, `is not an operator; known are: ${KNOWN_OPERATORS}`);
    }
    if (place.isWhole) {
      return this.#problem(pointer, 'needs a member to apply to, such as {"data": {…}}');
    }
    const problem = OPERATORS[name].problem(operand);
    if (problem !== undefined) return this.#problem(pointer, problem);
    return this.#test(name, operand, place);
  }

  #test(operator: OperatorName, operand: unknown, place: Place): Condition {
    this.#operand(operand, place);
    this.#scans += scansOf(operator, operand);
    if (this.#scans > MAX_FILTER_SCANS) {
      const detail = `is one more than the ${MAX_FILTER_SCANS} searches through lists and objects`;
      this.#problem(place.pointer, `${detail} that a filter may ask for`);
      this.#scans = Number.NEGATIVE_INFINITY;
    }
    return { kind: 'test', pointer: place.pointer, operator, operand };
  }

  #any(operand: unknown, place: Place): Condition {
    const { pointer } = place;
    if (!Array.isArray(operand) || operand.length === 0) {
      return this.#problem(pointer, 'must be a list of at least one filter object');
    }
    if (!this.#enter(place)) return NOTHING;
    const conditions: Condition[] = [];
    for (const [index, item] of operand.entries()) {
      // A list may be longer than anything else allows: stop at the first refusal of the reader.
      if (this.#nodes > MAX_FILTER_NODES) break;
      const inner = inside(place, String(index));
      if (isJsonObject(item)) conditions.push(this.#object(item, inner));
      else this.#problem(inner.pointer, 'must be an object; for plain values use $in');
    }
    return { kind: 'any', pointer, conditions };
  }

  /** A value that is compared with: any JSON within the limits. */
  #operand(value: unknown, place: Pick<Place, 'pointer' | 'depth'>): void {
    if (!this.#enter(place)) return;
    const problem = scalarProblem(value);
    if (problem !== undefined) this.#problem(place.pointer, problem);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (this.#nodes > MAX_FILTER_NODES) return;
      this.#operand(item, inside(place, key));
    }
  }
}

/** How often a test may go through all of a value, which costs as much as the event is large. */
function scansOf(operator: OperatorName, operand: unknown): number {
  if (operator === '$in' && Array.isArray(operand)) return operand.filter(isContainer).length;
  return operator === '$contains' || isContainer(operand) ? 1 : 0;
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function scalarProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && value.length > MAX_FILTER_STRING_CHARS) {
    return `has more than ${MAX_FILTER_STRING_CHARS} characters`;
  }
  if (['string', 'boolean', 'object'].includes(typeof value)) return undefined;
  return typeof value === 'number' && Number.isFinite(value) ? undefined : 'is not a JSON value';
}

/** RFC 6901 §3: ~ and / are escaped in this order. */
function inside<P extends Pick<Place, 'pointer' | 'depth'>>(place: P, key: string): P {
  const token = key.replaceAll('~', '~0').replaceAll('/', '~1');
  return { ...place, pointer: `${place.pointer}/${token}`, depth: place.depth + 1 };
}
