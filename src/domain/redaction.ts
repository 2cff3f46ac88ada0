/**
 * Takes values out of an event before it is stored. Works on the text, by spans: every byte outside
 * of a redacted value stays as its publisher wrote it. All paths are followed at once, in one walk
 * that skips what no path leads into.
 */
import {
  behindContainer,
  closingQuote,
  keyAt,
  skipSpace,
  type Span,
} from '../protocol/json-span.ts';
import { ANY, DEEP, parseRedactPath, type RedactRoot, type RedactStep } from './redact-path.ts';

/** What stands in the place of a value, as JSON text. */
export const REDACTED_TEXT = '"[redacted]"';

export interface Redaction {
  /**
   * Takes JSON already known to be valid, of the event's `data` or of its `metadata`; answers the
   * same text when no path leads to anything in it. Throws a SyntaxError for broken text, which
   * must then not be stored either.
   */
  readonly apply: (root: RedactRoot, text: string) => string;
}

/** Where one or more paths have got to. */
interface Place {
  readonly named: Map<string, Place>;
  any: Place | null;
  /** Reached together with this one: the `**` behind it. */
  deep: Place | null;
  /** A `**`, which stays where it is at every step. */
  readonly stays: boolean;
  /** A path ends here: the value goes. */
  ends: boolean;
}

/** @throws TypeError for a path that `parseRedactPath` refuses. */
export function compileRedaction(paths: readonly string[]): Redaction {
  const roots = { data: newPlace(false), metadata: newPlace(false) };
  for (const text of paths) {
    const path = parseRedactPath(text);
    if (typeof path === 'string') throw new TypeError(`the redact path ${text} ${path}`);
    let place = roots[path.root];
    for (const step of path.steps) place = behind(place, step);
    place.ends = true;
  }
  return {
    apply: (root, text) => withoutSpans(text, new Walk(text).spans(reached([], roots[root]))),
  };
}

function newPlace(stays: boolean): Place {
  return { named: new Map(), any: null, deep: null, stays, ends: false };
}

/** The place behind a step, made when it is not there yet. */
function behind(place: Place, step: RedactStep): Place {
  if (step === ANY) return (place.any ??= newPlace(false));
  if (step === DEEP) return (place.deep ??= newPlace(true));
  let next = place.named.get(step);
  if (next === undefined) {
    next = newPlace(false);
    place.named.set(step, next);
  }
  return next;
}

/** Adds a place, and the `**` behind it, unless they are there. */
function reached(places: Place[], place: Place): Place[] {
  for (let next: Place | null = place; next !== null; next = next.deep) {
    if (!places.includes(next)) places.push(next);
  }
  return places;
}

/** Where the paths are after one more member or element. */
function stepped(places: readonly Place[], key: string): Place[] {
  const next: Place[] = [];
  for (const place of places) {
    if (place.stays) reached(next, place);
    const named = place.named.get(key);
    if (named !== undefined) reached(next, named);
    if (place.any !== null) reached(next, place.any);
  }
  return next;
}

const COMMA = 0x2c;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** A container that the walk is in. */
interface Frame {
  readonly places: readonly Place[];
  /** Of the next element; −1 in an object. */
  index: number;
}

/** Goes through a text once. Keeps its own stack: a publisher may nest deeper than calls can. */
class Walk {
  readonly #text: string;
  readonly #found: Span[] = [];
  readonly #open: Frame[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Of all values where a path ends, in order, none within another. */
  spans(start: readonly Place[]): readonly Span[] {
    this.#at = skipSpace(this.#text, 0);
    this.#value(start);
    for (let frame = this.#open.at(-1); frame !== undefined; frame = this.#open.at(-1)) {
      this.#goOn(frame);
    }
    return this.#found;
  }

  /** Stands on the first character of a value; afterwards behind it, or in it. */
  #value(places: readonly Place[]): void {
    const start = this.#at;
    const first = this.#text.charCodeAt(start);
    const ends = places.some((place) => place.ends);
    const opens = first === OPEN_BRACE || first === OPEN_BRACKET;
    if (opens && !ends && places.length > 0) {
      this.#open.push({ places, index: first === OPEN_BRACKET ? 0 : -1 });
      this.#at = start + 1;
      return;
    }
    this.#at = behindValue(this.#text, start);
    if (ends) this.#found.push({ start, end: this.#at });
  }

  /** To the next value of a container, or out of it. */
  #goOn(frame: Frame): void {
    const text = this.#text;
    let at = skipSpace(text, this.#at);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      this.#open.pop();
      this.#at = at + 1;
      return;
    }
    let key = String(frame.index);
    if (frame.index >= 0) frame.index += 1;
    else {
      const keyEnd = closingQuote(text, at + 1);
      key = keyAt(text, at + 1, keyEnd);
      at = skipSpace(text, skipSpace(text, keyEnd + 1) + 1);
    }
    this.#at = at;
    this.#value(stepped(frame.places, key));
  }
}

function behindValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return closingQuote(text, start + 1) + 1;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return behindContainer(text, start);
  return behindLiteral(text, start);
}

/** Also at the end of a text that is nothing but a literal. */
function behindLiteral(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= SPACE) break;
  }
  if (at === start) throw new SyntaxError('JSON text lacks a value');
  return at;
}

function withoutSpans(text: string, spans: readonly Span[]): string {
  let kept = '';
  let from = 0;
  for (const { start, end } of spans) {
    kept += text.slice(from, start) + REDACTED_TEXT;
    from = end;
  }
  return from === 0 ? text : kept + text.slice(from);
}
