/**
 * A condition on a number, edge-triggered: it speaks when the number crosses the line, and is quiet
 * until it has come back. Hysteresis keeps a number that trembles on the line from speaking each
 * time. Pure.
 */

export const THRESHOLD_OPS = ['>', '>=', '<', '<=', '==', '!=', 'outside', 'inside'] as const;
export type ThresholdOp = (typeof THRESHOLD_OPS)[number];

export interface Threshold {
  readonly op: ThresholdOp;
  /** The line; `[low, high]` for `outside` and `inside`. */
  readonly value: number | readonly [number, number];
  /** How far the number has to come back behind the line to arm the condition again; ≥ 0. */
  readonly hysteresis: number;
}

/** `armed`: waits for the crossing. `crossed`: it has spoken, and waits for the way back. */
export type ThresholdSide = 'armed' | 'crossed';

export interface ThresholdStep {
  readonly side: ThresholdSide;
  /** What happened at this value, or null. */
  readonly edge: 'crossed' | 'cleared' | null;
}

/** One more value. @param side null for the first value ever: armed. */
export function observe(
  threshold: Threshold,
  side: ThresholdSide | null,
  value: number,
): ThresholdStep {
  if (side === 'crossed') {
    return holds(threshold, value, threshold.hysteresis)
      ? { side, edge: null }
      : { side: 'armed', edge: 'cleared' };
  }
  return holds(threshold, value, 0)
    ? { side: 'crossed', edge: 'crossed' }
    : { side: 'armed', edge: null };
}

/** @param slack the line is moved by so much towards where the condition does not hold. */
function holds({ op, value }: Threshold, x: number, slack: number): boolean {
  const [low, high] = typeof value === 'number' ? [value, value] : value;
  switch (op) {
    case '>':
      return x > low - slack;
    case '>=':
      return x >= low - slack;
    case '<':
      return x < low + slack;
    case '<=':
      return x <= low + slack;
    case '==':
      return Math.abs(x - low) <= slack;
    case '!=':
      return x !== low;
    case 'outside':
      return x < low + slack || x > high - slack;
    case 'inside':
      return x >= low - slack && x <= high + slack;
  }
}

/** Banks write amounts as text so that no digit is lost. */
const DECIMAL = /^[+-]?\d{1,30}(?:\.\d{1,30})?$/;

/** A JSON number, or a decimal number written as text; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}
