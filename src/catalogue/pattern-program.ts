/**
 * Patterns that can't be slow. A tree of `pattern-syntax.ts` becomes a small program, and all ways
 * through it are followed at once (Thompson 1968), so that matching takes at most as many steps for
 * each character as the program is long: there is no backtracking that could explode.
 */
import { MAX_PATTERN_STATES } from '../domain/limits.ts';
import type { Fuel } from './fuel.ts';
import {
  parsePattern,
  PatternError,
  type Assertion,
  type CharTest,
  type PatternNode,
} from './pattern-syntax.ts';

type Instruction =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'assert'; readonly what: Assertion }
  /** Goes on at both places. */
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'match' };

/** What ajv wants of a regular expression. */
export class LinearPattern {
  readonly #source: string;
  readonly #program: readonly Instruction[];
  readonly #fuel: Fuel;
  /** The step at which an instruction was last reached, so that none is followed twice. */
  readonly #reachedAt: Uint32Array;
  /** Nothing can match but from the start of the text. */
  readonly #isAnchored: boolean;
  #step = 0;
  #matched = false;

  /** @throws PatternError */
  constructor(source: string, fuel: Fuel) {
    this.#source = source;
    this.#fuel = fuel;
    this.#program = compile(parsePattern(source));
    this.#reachedAt = new Uint32Array(this.#program.length);
    const [first] = this.#program;
    this.#isAnchored = first?.kind === 'assert' && first.what === 'start';
  }

  /** Whether the pattern is found anywhere in the text. @throws OutOfFuel */
  test(text: string): boolean {
    this.#matched = false;
    let reached: number[] = [];
    let before = -1;
    for (let at = 0; ;) {
      const codePoint = text.codePointAt(at) ?? -1;
      const next: number[] = [];
      this.#nextStep();
      for (const index of reached) {
        const instruction = this.#program[index];
        if (instruction?.kind === 'char' && instruction.test(before)) {
          this.#follow(index + 1, next, before, codePoint);
        }
      }
      // A match may begin at every character.
      this.#follow(0, next, before, codePoint);
      this.#fuel.spend(reached.length + next.length + 1);
      if (this.#matched || codePoint === -1) return this.#matched;
      if (next.length === 0 && this.#isAnchored) return false;
      reached = next;
      before = codePoint;
      at += codePoint > 0xffff ? 2 : 1;
    }
  }

  /** Names the pattern in the code that ajv makes. */
  toString(): string {
    return `/${this.#source}/u`;
  }

  #nextStep(): void {
    if (this.#step === 0xffffffff) {
      this.#reachedAt.fill(0);
      this.#step = 0;
    }
    this.#step += 1;
  }

  /** Adds the characters that may come next to `next`, without taking one. */
  #follow(index: number, next: number[], before: number, after: number): void {
    if (this.#reachedAt[index] === this.#step) return;
    this.#reachedAt[index] = this.#step;
    const instruction = this.#program[index];
    if (instruction === undefined) return;
    if (instruction.kind === 'match') this.#matched = true;
    else if (instruction.kind === 'char') next.push(index);
    else if (instruction.kind === 'split') {
      this.#follow(instruction.first, next, before, after);
      this.#follow(instruction.second, next, before, after);
    } else if (holds(instruction.what, before, after)) this.#follow(index + 1, next, before, after);
  }
}

/** @param before the code points on both sides; -1 for none. */
function holds(what: Assertion, before: number, after: number): boolean {
  if (what === 'start') return before === -1;
  if (what === 'end') return after === -1;
  return (isWord(before) !== isWord(after)) === (what === 'boundary');
}

function isWord(codePoint: number): boolean {
  return codePoint !== -1 && /^\w$/.test(String.fromCodePoint(codePoint));
}

function compile(tree: PatternNode): readonly Instruction[] {
  const program: Instruction[] = [];
  emit(tree, program);
  program.push({ kind: 'match' });
  return program;
}

function emit(node: PatternNode, program: Instruction[]): void {
  if (program.length > MAX_PATTERN_STATES) {
    const detail = `has more than ${MAX_PATTERN_STATES} parts with all its repetitions written out`;
    throw new PatternError(detail);
  }
  if (node.kind === 'char' || node.kind === 'assert') program.push(node);
  else if (node.kind === 'sequence') for (const part of node.parts) emit(part, program);
  else if (node.kind === 'choice') emitChoice(node.options, program);
  else emitRepeat(node, program);
}

/** `split(a, rest) a jump(end) …`; a jump is a split to one place. */
function emitChoice(options: readonly PatternNode[], program: Instruction[]): void {
  const jumps: { first: number; second: number }[] = [];
  for (const [index, option] of options.entries()) {
    const last = index === options.length - 1;
    const split = splitTo(program.length + 1);
    if (!last) program.push(split);
    emit(option, program);
    if (last) break;
    const jump = splitTo(0);
    program.push(jump);
    jumps.push(jump);
    split.second = program.length;
  }
  for (const jump of jumps) jump.first = jump.second = program.length;
}

function emitRepeat(
  { part, min, max }: Extract<PatternNode, { kind: 'repeat' }>,
  program: Instruction[],
): void {
  const start = program.length;
  for (let count = 0; count < min; count += 1) {
    emit(part, program);
    // A part of nothing, such as `()`: a billion of it is nothing, too.
    if (program.length === start) return;
  }
  if (max === Infinity) {
    const split = splitTo(program.length + 1);
    const back = splitTo(program.length);
    program.push(split);
    emit(part, program);
    program.push(back);
    split.second = program.length;
    return;
  }
  const splits: { second: number }[] = [];
  for (let count = min; count < max; count += 1) {
    const before = program.length;
    const split = splitTo(program.length + 1);
    program.push(split);
    splits.push(split);
    emit(part, program);
    if (program.length === before + 1) break;
  }
  for (const split of splits) split.second = program.length;
}

function splitTo(to: number): { kind: 'split'; first: number; second: number } {
  return { kind: 'split', first: to, second: to };
}
