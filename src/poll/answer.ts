/** Reads what a poll came back with: status and headers first, the body only where it matters. */
import type { HttpResult, ResponseResult } from '../domain/attempt-result.ts';
import { MAX_POLL_ITEMS, MAX_POLL_RESPONSE_BYTES } from '../domain/limits-poll.ts';
import type { Observed } from '../domain/poll/changes.ts';
import type { PollAnswer } from '../domain/poll/settle.ts';
import type { PollSettings } from '../domain/poll/settings.ts';
import { numberOf } from '../domain/poll/threshold.ts';
import { parseRetryAfter } from '../domain/retry-after.ts';
import { statusPhrase } from '../domain/status-phrase.ts';
import { compileSelect, type Selection } from './select.ts';

/** The expressions of a source, compiled once. */
export interface Selections {
  readonly select: Selection;
  readonly itemId: Selection | null;
  readonly number: Selection | null;
}

/** @throws TypeError for an expression that can't be used. */
export function selectionsOf({ select, itemId, emit }: PollSettings): Selections {
  return {
    select: compileSelect(select),
    itemId: itemId === null ? null : compileSelect(itemId),
    number: emit.kind === 'threshold' ? compileSelect(emit.path) : null,
  };
}

/** Longest validator that is remembered; a longer one is not worth its place. */
const MAX_VALIDATOR_CHARS = 1_024;

/** @param now wall clock, milliseconds. */
export function readAnswer(result: HttpResult, selections: Selections, now: number): PollAnswer {
  if (result.kind === 'failure') return failed(`the request failed: ${result.detail}`);
  const { status } = result;
  if (status === 304) return { kind: 'not_modified' };
  if (status < 200 || status > 299) return refused(result, now);
  if (result.body.length > MAX_POLL_RESPONSE_BYTES) {
    return failed(`the answer is larger than ${MAX_POLL_RESPONSE_BYTES} bytes`);
  }
  try {
    const { etag, 'last-modified': lastModified, 'content-type': type } = result.headers;
    const observed = observedIn(parseJson(result.body, type), selections);
    return {
      kind: 'observed',
      observed,
      etag: validator(etag),
      lastModified: validator(lastModified),
    };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

function refused(result: ResponseResult, now: number): PollAnswer {
  const throttles = result.status === 429 || result.status === 503;
  const header = result.headers['retry-after'];
  const retryAfterMs = header === undefined ? undefined : parseRetryAfter(header, now);
  const isRedirect = result.status >= 300 && result.status < 400;
  const hint = isRedirect ? ', and redirects are never followed' : '';
  const reason = `the answer was ${statusPhrase(result.status)}${hint}`;
  return { kind: 'failed', reason, throttles, retryAfterMs };
}

function failed(reason: string): PollAnswer {
  return { kind: 'failed', reason, throttles: false, retryAfterMs: undefined };
}

function validator(text: string | undefined): string | null {
  return text === undefined || text.length > MAX_VALIDATOR_CHARS ? null : text;
}

/** Numbers of so many digits may be more than a double can tell apart. */
const MANY_DIGITS = /\d{16}/;

/**
 * Numbers that JavaScript would round become texts of their digits: two balances that differ in the
 * last digit must not look the same.
 */
function parseJson(body: Uint8Array, type = 'none'): unknown {
  const text = Buffer.from(body).toString('utf8');
  try {
    return MANY_DIGITS.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    throw new TypeError(`the answer is no JSON; its content-type is ${type}`, { cause: error });
  }
}

function exactNumber(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || !MANY_DIGITS.test(source)) return value;
  return String(value) === source ? value : source;
}

function observedIn(json: unknown, selections: Selections): ReadonlyMap<string, Observed> {
  const { select, itemId, number } = selections;
  const values = select.values(json);
  const [first] = values;
  // A filter that lets no item through has found an empty list.
  const mayBeEmpty = itemId !== null && !select.isSingular;
  if (values.length === 0 && !mayBeEmpty) throw new TypeError('select finds nothing in the answer');
  if (itemId === null) {
    if (values.length > 1) {
      throw new TypeError(`select finds ${values.length} values; for a list give items.id`);
    }
    return new Map([['', { value: first, number: requiredNumber(number, first) }]]);
  }
  // Either the list itself was selected, or its items.
  const list: readonly unknown[] = values.length === 1 && Array.isArray(first) ? first : values;
  if (list.length > MAX_POLL_ITEMS) {
    throw new TypeError(
      `select finds ${list.length} items; at most ${MAX_POLL_ITEMS} are compared`,
    );
  }
  const observed = new Map<string, Observed>();
  for (const value of list) {
    const id = idOf(itemId, value);
    if (observed.has(id)) throw new TypeError(`two items have the id ${JSON.stringify(id)}`);
    observed.set(id, { value, number: numberIn(number, value) ?? null });
  }
  return observed;
}

/** Longest id of an item; it is stored with each resource. */
const MAX_ITEM_ID_CHARS = 200;

function idOf(itemId: Selection, value: unknown): string {
  const [id] = itemId.values(value);
  const text = typeof id === 'number' ? String(id) : id;
  if (typeof text !== 'string' || text === '') {
    throw new TypeError('an item has no id, or one that is neither text nor number');
  }
  if (text.length > MAX_ITEM_ID_CHARS) {
    throw new TypeError(`an item has an id of more than ${MAX_ITEM_ID_CHARS} characters`);
  }
  return text;
}

function numberIn(path: Selection | null, value: unknown): number | undefined {
  return path === null ? undefined : numberOf(path.values(value)[0]);
}

function requiredNumber(path: Selection | null, value: unknown): number | null {
  if (path === null) return null;
  const number = numberIn(path, value);
  if (number === undefined) throw new TypeError('the path of the threshold leads to no number');
  return number;
}
