/** What each operator takes, and when it holds. A path that leads nowhere gives `undefined`. */
import { MAX_FILTER_IN_VALUES } from '../limits.ts';
import { isSameJson } from './json-value.ts';

export type Test = (value: unknown) => boolean;

interface Operator {
  /** What is wrong with its operand, or undefined. */
  readonly problem: (operand: unknown) => string | undefined;
  readonly compile: (operand: unknown) => Test;
}

const anything = () => undefined;

export const OPERATORS = {
  $eq: { problem: anything, compile: equal },
  $ne: { problem: anything, compile: (operand) => negated(equal(operand)) },
  $in: { problem: listProblem, compile: oneOf },
  $gt: ordering((order) => order > 0),
  $gte: ordering((order) => order >= 0),
  $lt: ordering((order) => order < 0),
  $lte: ordering((order) => order <= 0),
  $starts_with: {
    problem: textProblem,
    compile: (operand) => (value) => typeof value === 'string' && value.startsWith(String(operand)),
  },
  $ends_with: {
    problem: textProblem,
    compile: (operand) => (value) => typeof value === 'string' && value.endsWith(String(operand)),
  },
  $exists: {
    problem: (operand) => (typeof operand === 'boolean' ? undefined : 'must be true or false'),
    compile: (operand) => (value) => (value !== undefined) === operand,
  },
  $contains: { problem: anything, compile: contains },
} as const satisfies Readonly<Record<string, Operator>>;

export type OperatorName = keyof typeof OPERATORS;

export function isOperatorName(text: string): text is OperatorName {
  return Object.hasOwn(OPERATORS, text);
}

function negated(test: Test): Test {
  return (value) => !test(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function equal(operand: unknown): Test {
  return isScalar(operand) ? (value) => value === operand : (value) => isSameJson(operand, value);
}

function oneOf(operand: unknown): Test {
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [];
  const scalars = new Set(values.filter(isScalar));
  const others = values.filter((value) => !isScalar(value));
  if (others.length === 0) return (value) => scalars.has(value);
  return (value) => scalars.has(value) || others.some((other) => isSameJson(other, value));
}

/** Text in text, or a member of an array. */
function contains(operand: unknown): Test {
  if (typeof operand === 'string') {
    return (value) =>
      (typeof value === 'string' || Array.isArray(value)) && value.includes(operand);
  }
  // `includes` is twenty times as fast as a callback for each member of a long list.
  if (isScalar(operand)) return (value) => Array.isArray(value) && value.includes(operand);
  return (value) => Array.isArray(value) && value.some((item) => isSameJson(operand, item));
}

/** Numbers with numbers, texts with texts by their UTF-16 units: ISO instants in UTC sort so. */
function ordering(holds: (order: number) => boolean): Operator {
  return {
    problem: (operand) =>
      typeof operand === 'number' || typeof operand === 'string'
        ? undefined
        : 'must be a number or a string',
    compile(operand) {
      if (typeof operand === 'number') {
        return (value) => typeof value === 'number' && holds(value - operand);
      }
      const text = String(operand);
      return (value) =>
        typeof value === 'string' && holds(value < text ? -1 : value > text ? 1 : 0);
    },
  };
}

function listProblem(operand: unknown): string | undefined {
  if (!Array.isArray(operand)) return 'must be a list of values';
  if (operand.length <= MAX_FILTER_IN_VALUES) return undefined;
  return `holds more than ${MAX_FILTER_IN_VALUES} values`;
}

function textProblem(operand: unknown): string | undefined {
  return typeof operand === 'string' ? undefined : 'must be a string';
}
