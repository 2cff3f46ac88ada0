/** Writes the result of an expression as JSON, within limits that are checked before that. */
import { MAX_TRANSFORM_OUTPUT_BYTES, MAX_TRANSFORM_OUTPUT_DEPTH } from '../../domain/limits.ts';
import { failure } from './failures.ts';
import type { BoxReply } from './messages.ts';

const NOTHING = 'the result is nothing; to send null, let it be null';
const TOO_LARGE = `the result takes more than ${MAX_TRANSFORM_OUTPUT_BYTES} bytes`;
const TOO_DEEP = `the result is nested more than ${MAX_TRANSFORM_OUTPUT_DEPTH} levels deep`;
const NOT_FINITE = 'the result holds a number that JSON can not write';
const FUNCTION = 'the result holds a function, which is no JSON';

class OutputError extends Error {
  readonly kind: 'expression' | 'limit';

  constructor(kind: 'expression' | 'limit', detail: string) {
    super(detail);
    this.kind = kind;
  }
}

export function outputOf(value: unknown): BoxReply {
  try {
    return { kind: 'output', text: toText(value) };
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    return { kind: 'failed', failure: failure(error.kind, error.message) };
  }
}

function toText(value: unknown): string {
  if (value === undefined) throw new OutputError('expression', NOTHING);
  measure(value, 0, MAX_TRANSFORM_OUTPUT_BYTES);
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > MAX_TRANSFORM_OUTPUT_BYTES) {
    throw new OutputError('limit', TOO_LARGE);
  }
  return text;
}

/**
 * Takes the least that a value can take as JSON from `left`. Few bytes of memory can stand for very
 * much text, when a list holds another one many times.
 */
function measure(value: unknown, depth: number, left: number): number {
  if (typeof value !== 'object' || value === null) return enough(left, scalarSize(value));
  if (depth > MAX_TRANSFORM_OUTPUT_DEPTH) throw new OutputError('limit', TOO_DEEP);
  // So JSONata marks its functions, and says that no data may have members of these names.
  if ('_jsonata_lambda' in value || '_jsonata_function' in value) {
    throw new OutputError('expression', FUNCTION);
  }
  let rest = left;
  if (Array.isArray(value)) {
    for (const item of value) rest = measure(item, depth + 1, enough(rest, 1));
  } else {
    for (const [key, item] of Object.entries(value)) {
      rest = measure(item, depth + 1, enough(rest, key.length + 1));
    }
  }
  return rest;
}

function enough(left: number, taken: number): number {
  if (left < taken) throw new OutputError('limit', TOO_LARGE);
  return left - taken;
}

function scalarSize(value: unknown): number {
  if (typeof value === 'function') throw new OutputError('expression', FUNCTION);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new OutputError('expression', NOT_FINITE);
  }
  return typeof value === 'string' ? value.length : 0;
}
