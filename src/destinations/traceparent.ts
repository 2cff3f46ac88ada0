/** W3C Trace Context for a try, whatever carries it. */
import type { AttemptJob } from './destination.ts';

const SAMPLED = '01';

/**
 * W3C Trace Context: one trace for each delivery, one span for each try. Derived, not drawn, so
 * that all tries share a trace across restarts without storing it.
 */
export function traceparent(job: AttemptJob): string {
  const { createdAt, sequence, subscription, startedAt, attemptNumber } = job;
  const trace = hexInstant(createdAt) + hex(sequence, 14) + hex(subscription.number, 6);
  return `00-${trace}-${hexInstant(startedAt)}${hex(attemptNumber, 4)}-${SAMPLED}`;
}

let lastInstant = -1;
let lastInstantHex = '';

/** Twelve digits; remembers the last instant, because many tries share their millisecond. */
function hexInstant(instant: number): string {
  if (instant !== lastInstant) {
    lastInstantHex = hex(instant, 12);
    lastInstant = instant;
  }
  return lastInstantHex;
}

const ZEROS = '0'.repeat(16);

/** Lower-case hex, the last `width` digits. */
function hex(value: number, width: number): string {
  const digits = value.toString(16);
  if (digits.length > width) return digits.slice(-width);
  return ZEROS.slice(0, width - digits.length) + digits;
}
