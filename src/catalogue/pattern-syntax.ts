/**
 * Reads an ECMAScript regular expression (flag `u`, as JSON Schema asks) into a tree. What makes
 * matching slow is refused: lookaround and backreferences. Everything else can be matched in time
 * proportional to the text, see `pattern-program.ts`.
 */

import { MAX_PATTERN_CHARS } from '../domain/limits.ts';

/** True for the code points that a part of a pattern takes. */
export type CharTest = (codePoint: number) => boolean;

export type Assertion = 'start' | 'end' | 'boundary' | 'no_boundary';

export type PatternNode =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | {
      readonly kind: 'repeat';
      readonly part: PatternNode;
      readonly min: number;
      /** Infinity for no end. */
      readonly max: number;
    };

/** The pattern can't be used; the message completes "the pattern …". */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** @throws PatternError */
export function parsePattern(source: string): PatternNode {
  if (source.length > MAX_PATTERN_CHARS) {
    throw new PatternError(`has more than ${MAX_PATTERN_CHARS} characters`);
  }
  requireValid(source);
  const reader = new Reader(source);
  return reader.choice();
}

/** The reader below relies on the syntax being right. */
function requireValid(source: string): void {
  try {
    // oxlint-disable-next-line no-new -- only asks whether it can be read
    new RegExp(source, 'u');
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const why = message.slice(message.lastIndexOf(': ') + 2);
    throw new PatternError(`is no regular expression with the flag u: ${why}`);
  }
}

const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y;
/** A code point by escape: `\u{…}`, a surrogate pair, `\uXXXX`, `\xXX`, `\cX`, `\p{…}`, others. */
const ESCAPE = new RegExp(
  [
    String.raw`\\(?:u\{[\da-fA-F]+\}`,
    String.raw`u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}`,
    String.raw`u[\da-fA-F]{4}`,
    String.raw`x[\da-fA-F]{2}`,
    'c[A-Za-z]',
    String.raw`[pP]\{[^}]*\}`,
    '[^1-9k])',
  ].join('|'),
  'uy',
);
const CLASS = /\[(?:\\[^]|[^\]\\])*\]/uy;
const GROUP = /\((?:\?:|\?<[^=!][^>]*>|(?!\?))/y;
const REFUSED: readonly (readonly [start: string, what: string])[] = [
  ['(?=', 'looks ahead'],
  ['(?!', 'looks ahead'],
  ['(?<=', 'looks behind'],
  ['(?<!', 'looks behind'],
  ['(?', 'changes flags'],
  ['\\', 'refers back to a group'],
];

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  choice(): PatternNode {
    const options = [this.#sequence()];
    while (this.#skip('|')) options.push(this.#sequence());
    const [only] = options;
    return only !== undefined && options.length === 1 ? only : { kind: 'choice', options };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#source.length && !this.#looksAt('|') && !this.#looksAt(')')) {
      parts.push(this.#quantified());
    }
    return { kind: 'sequence', parts };
  }

  #quantified(): PatternNode {
    const part = this.#assertion() ?? this.#group() ?? this.#char();
    const found = this.#match(QUANTIFIER);
    if (found === undefined) return part;
    const [, sign, least = '', comma, most = ''] = found;
    if (sign === '*') return { kind: 'repeat', part, min: 0, max: Infinity };
    if (sign === '+') return { kind: 'repeat', part, min: 1, max: Infinity };
    if (sign === '?') return { kind: 'repeat', part, min: 0, max: 1 };
    const min = Number(least);
    const max = most === '' ? Infinity : Number(most);
    return { kind: 'repeat', part, min, max: comma === undefined ? min : max };
  }

  #assertion(): PatternNode | undefined {
    if (this.#skip('^')) return { kind: 'assert', what: 'start' };
    if (this.#skip('$')) return { kind: 'assert', what: 'end' };
    if (this.#skip('\\b')) return { kind: 'assert', what: 'boundary' };
    if (this.#skip('\\B')) return { kind: 'assert', what: 'no_boundary' };
    return undefined;
  }

  #group(): PatternNode | undefined {
    if (!this.#looksAt('(')) return undefined;
    if (this.#match(GROUP) === undefined) this.#refuse();
    const inside = this.choice();
    this.#skip(')');
    return inside;
  }

  #char(): PatternNode {
    const text = this.#match(CLASS)?.[0] ?? this.#match(ESCAPE)?.[0] ?? this.#literal();
    return { kind: 'char', test: charTest(text) };
  }

  #literal(): string {
    if (this.#looksAt('\\')) this.#refuse();
    const literal = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    this.#at += literal.length;
    return literal;
  }

  #refuse(): never {
    const what = REFUSED.find(([start]) => this.#looksAt(start))?.[1] ?? 'is not understood';
    throw new PatternError(
      `${what} at character ${this.#at + 1}, which can't be matched in bounded time`,
    );
  }

  #looksAt(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #skip(text: string): boolean {
    const found = this.#looksAt(text);
    if (found) this.#at += text.length;
    return found;
  }

  #match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#source) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }
}

const ASCII = 128;

/** One atom decides about one code point; the regular expression of the platform knows how. */
function charTest(atom: string): CharTest {
  const expression = new RegExp(`^${atom}$`, 'u');
  const takes = (codePoint: number) => expression.test(String.fromCodePoint(codePoint));
  const ascii = Uint8Array.from({ length: ASCII }, (_, codePoint) => Number(takes(codePoint)));
  return (codePoint) => (codePoint < ASCII ? ascii[codePoint] === 1 : takes(codePoint));
}
