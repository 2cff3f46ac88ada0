/**
 * JSON written anew in one fixed way: members sorted by name, no white space, everything above
 * ASCII escaped. It is what Python's `json.dumps(…, sort_keys=True, separators=(',', ':'))`
 * writes.
 *
 * Numbers keep the spelling they came in: two spellings of one number stay two texts, so nothing
 * can change in a body without changing what is signed. A member that comes twice is refused,
 * because readers differ on which one counts.
 */

import { parseJson } from './json.ts';

export const MAX_JSON_DEPTH = 64;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const TO_ESCAPE = /[^\x20-\x7e]|["\\]/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** `undefined` when the text is not JSON, repeats a member, or is nested too deep. */
export function canonicalJson(text: string): string | undefined {
  const reader = new Reader(text);
  try {
    return reader.document();
  } catch (error) {
    if (error instanceof NotCanonicalError) return undefined;
    throw error;
  }
}

class NotCanonicalError extends Error {
  override readonly name = 'NotCanonicalError';
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): string {
    const value = this.#value(0);
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw new NotCanonicalError();
    return value;
  }

  #value(depth: number): string {
    if (depth > MAX_JSON_DEPTH) throw new NotCanonicalError();
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    if (first === '"') return written(this.#string());
    const literal = this.#take(WORD) ?? this.#take(NUMBER);
    if (literal === undefined) throw new NotCanonicalError();
    return literal;
  }

  #object(depth: number): string {
    const members = new Map<string, string>();
    this.#items('}', () => {
      this.#take(SPACE);
      const name = this.#string();
      this.#take(SPACE);
      if (this.#text[this.#at] !== ':' || members.has(name)) throw new NotCanonicalError();
      this.#at += 1;
      members.set(name, this.#value(depth + 1));
    });
    const sorted = [...members].toSorted(([one], [two]) => byCodePoints(one, two));
    return `{${sorted.map(([name, value]) => `${written(name)}:${value}`).join(',')}}`;
  }

  #list(depth: number): string {
    const values: string[] = [];
    this.#items(']', () => {
      values.push(this.#value(depth + 1));
    });
    return `[${values.join(',')}]`;
  }

  /** From the opening bracket to behind the closing one. */
  #items(close: string, item: () => void): void {
    this.#at += 1;
    this.#take(SPACE);
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#take(SPACE);
      const next = this.#text[this.#at];
      this.#at += 1;
      if (next === close) return;
      if (next !== ',') throw new NotCanonicalError();
    }
  }

  #string(): string {
    if (this.#text[this.#at] !== '"') throw new NotCanonicalError();
    const end = this.#endOfString();
    const value = parseJson(this.#text.slice(this.#at, end));
    if (typeof value !== 'string') throw new NotCanonicalError();
    this.#at = end;
    return value;
  }

  /**
   * Behind the quote that closes the string. A pattern would need a stack as long as the string.
   */
  #endOfString(): number {
    for (let at = this.#at + 1; at < this.#text.length; at += 1) {
      const char = this.#text[at];
      if (char === '"') return at + 1;
      if (char === '\\') at += 1;
    }
    throw new NotCanonicalError();
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function written(text: string): string {
  return `"${text.replaceAll(TO_ESCAPE, escaped)}"`;
}

function escaped(unit: string): string {
  return SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Python sorts by code points; UTF-16 units would put U+10000 before U+FFFF. */
function byCodePoints(one: string, two: string): number {
  const left = Array.from(one, (char) => char.codePointAt(0) ?? 0);
  const right = Array.from(two, (char) => char.codePointAt(0) ?? 0);
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
