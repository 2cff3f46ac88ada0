/**
 * Structured Field dictionaries (RFC 9651), as far as HTTP signatures use them. Values are kept
 * as they were spelt, and only canonical spellings are read, so what is written again from them
 * is what RFC 9421 calls strictly serialised.
 */

export const MAX_MEMBERS = 16;
export const MAX_ITEMS = 32;

export type Parameters = ReadonlyMap<string, string>;

export interface Item {
  /** A string with its quotes, a number, a token, a boolean, or bytes with their colons. */
  readonly value: string;
  readonly parameters: Parameters;
}

export interface Member extends Item {
  /** Null for a single item. */
  readonly items: readonly Item[] | null;
}

const SPACES = / */y;
const COMMA = /[ \t]*,[ \t]*/y;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const STRING = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/;
const INTEGER = /-?(?:0|[1-9]\d{0,14})(?![\d.])/;
const BYTES_OR_BOOLEAN = /:[A-Za-z0-9+/]*={0,2}:|\?[01]/;
const TOKEN = /[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*/;
const KINDS = [STRING, INTEGER, BYTES_OR_BOOLEAN, TOKEN];
const VALUE = new RegExp(KINDS.map(({ source }) => source).join('|'), 'y');

/** `undefined` for anything that is not such a dictionary, or where a name comes twice. */
export function parseDictionary(text: string): ReadonlyMap<string, Member> | undefined {
  const reader = new Reader(text);
  const members = new Map<string, Member>();
  for (;;) {
    const name = reader.take(KEY);
    if (name === undefined || members.has(name) || members.size === MAX_MEMBERS) return undefined;
    const member = reader.skip('=') ? readMember(reader) : readFlag(reader);
    if (member === undefined) return undefined;
    members.set(name, member);
    if (reader.isAtEnd) return members;
    if (!reader.take(COMMA)) return undefined;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  skip(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }
}

function readMember(reader: Reader): Member | undefined {
  if (!reader.skip('(')) {
    const item = readItem(reader);
    return item === undefined ? undefined : { ...item, items: null };
  }
  const items: Item[] = [];
  reader.take(SPACES);
  while (!reader.skip(')')) {
    const item = readItem(reader);
    if (item === undefined || items.length === MAX_ITEMS) return undefined;
    items.push(item);
    const hasGap = reader.take(SPACES) !== '';
    if (reader.skip(')')) break;
    if (!hasGap) return undefined;
  }
  const parameters = readParameters(reader);
  return parameters === undefined ? undefined : { value: '', items, parameters };
}

function readFlag(reader: Reader): Member | undefined {
  const parameters = readParameters(reader);
  return parameters === undefined ? undefined : { value: '?1', items: null, parameters };
}

function readItem(reader: Reader): Item | undefined {
  const value = reader.take(VALUE);
  const parameters = readParameters(reader);
  return value === undefined || parameters === undefined ? undefined : { value, parameters };
}

function readParameters(reader: Reader): Parameters | undefined {
  const parameters = new Map<string, string>();
  while (reader.skip(';')) {
    reader.take(SPACES);
    const name = reader.take(KEY);
    const value = reader.skip('=') ? reader.take(VALUE) : '?1';
    const isTaken = name === undefined || parameters.has(name) || parameters.size === MAX_ITEMS;
    if (isTaken || value === undefined) return undefined;
    parameters.set(name, value);
  }
  return parameters;
}

/** RFC 9651 §4.1. */
export function writeMember(member: Member): string {
  const { items } = member;
  const value = items === null ? member.value : `(${items.map(writeItem).join(' ')})`;
  return value + writeParameters(member.parameters);
}

export function writeItem({ value, parameters }: Item): string {
  return value + writeParameters(parameters);
}

function writeParameters(parameters: Parameters): string {
  return [...parameters]
    .map(([name, value]) => (value === '?1' ? `;${name}` : `;${name}=${value}`))
    .join('');
}

/** What a string says; `undefined` for any other kind of value. */
export function stringOf(value: string | undefined): string | undefined {
  if (value === undefined || !value.startsWith('"')) return undefined;
  return value.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
}

/** `undefined` for any other kind of value. */
export function integerOf(value: string | undefined): number | undefined {
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

/** The base64 of a byte sequence; `undefined` for any other kind of value. */
export function bytesOf(value: string | undefined): string | undefined {
  return value?.startsWith(':') === true ? value.slice(1, -1) : undefined;
}
