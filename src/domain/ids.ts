/**
 * Public ids, derived from what the journal already knows.
 *
 * An id spells its creation time and its sequence number in Crockford base32 (lower case, the ULID
 * alphabet), fixed width and most significant digit first. So ids sort by creation as plain text,
 * and looking one up is arithmetic followed by a read of the integer key: no index over random text
 * is ever needed. Ids are names, not secrets; knowing one grants nothing.
 *
 * | part | range | characters |
 * |---|---|---|
 * | time | milliseconds since the Unix epoch, below 2^48 | 10 |
 * | sequence or number | safe integer, 0 to 2^53 − 1 | 11 |
 * | subscription number | 0 to 2^32 − 1 | 7 |
 * | attempt number | 0 to 2^15 − 1 | 3 |
 */

/** Prefixes of the records that are numbered by their own table; see the glossary. */
export const RECORD_PREFIXES = [
  'ten',
  'sub',
  'key',
  'src',
  'inb',
  'run',
  'stp',
  'rpl',
  'alr',
  'aud',
] as const;
export type RecordPrefix = (typeof RECORD_PREFIXES)[number];

export interface EventIdParts {
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Place in the journal, unique within a store. */
  readonly sequence: number;
}

export interface DeliveryIdParts extends EventIdParts {
  readonly subscriptionNumber: number;
}

export interface AttemptIdParts extends DeliveryIdParts {
  /** 1-based number of the try. */
  readonly attemptNumber: number;
}

export interface RecordIdParts {
  readonly createdAt: number;
  readonly number: number;
}

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 10;
const SEQUENCE_CHARS = 11;
const SUBSCRIPTION_CHARS = 7;
const ATTEMPT_CHARS = 3;

const MAX_TIME = 2 ** 48 - 1;
const MAX_SUBSCRIPTION_NUMBER = 2 ** 32 - 1;
export const MAX_ATTEMPT_NUMBER = 2 ** 15 - 1;

const TWO_DIGITS = 2 ** 10;
/** Thirty bits, six digits: the widest slice that bit operations and pairs of digits both like. */
const SIX_DIGITS = 2 ** 30;

/** Every pair of digits, so that ten bits cost one look-up and no arithmetic on single digits. */
const PAIRS: readonly string[] = Array.from(
  { length: TWO_DIGITS },
  (_, value) => DIGITS.charAt(value >>> 5) + DIGITS.charAt(value & 31),
);

/** Digit value by character code, −1 for what is not a digit. */
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < DIGITS.length; value += 1) VALUES[DIGITS.charCodeAt(value)] = value;

function pair(value: number): string {
  return PAIRS[value & (TWO_DIGITS - 1)] ?? '';
}

function sixDigits(value: number): string {
  return pair(value >>> 20) + pair(value >>> 10) + pair(value);
}

function requireRange(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${name} must be an integer from 0 to ${max}, not ${value}`);
  }
}

/*
 * Thousands of events share a millisecond or follow it closely, so the last spelling is kept. This
 * is a memo: it changes the cost of the answer, never the answer.
 */
let lastTime = Number.NaN;
let lastTimeText = '';

function timeText(createdAt: number): string {
  if (createdAt === lastTime) return lastTimeText;
  requireRange('createdAt', createdAt, MAX_TIME);
  const high = Math.floor(createdAt / SIX_DIGITS);
  lastTimeText = pair(high >>> 10) + pair(high) + sixDigits(createdAt % SIX_DIGITS);
  lastTime = createdAt;
  return lastTimeText;
}

function sequenceText(sequence: number): string {
  requireRange('sequence', sequence, Number.MAX_SAFE_INTEGER);
  const high = Math.floor(sequence / SIX_DIGITS);
  const top = DIGITS.charAt(high >>> 20);
  return top + pair(high >>> 10) + pair(high) + sixDigits(sequence % SIX_DIGITS);
}

function subscriptionText(subscriptionNumber: number): string {
  requireRange('subscriptionNumber', subscriptionNumber, MAX_SUBSCRIPTION_NUMBER);
  return (
    DIGITS.charAt(Math.floor(subscriptionNumber / SIX_DIGITS)) +
    sixDigits(subscriptionNumber % SIX_DIGITS)
  );
}

function attemptText(attemptNumber: number): string {
  requireRange('attemptNumber', attemptNumber, MAX_ATTEMPT_NUMBER);
  return DIGITS.charAt(attemptNumber >>> 10) + pair(attemptNumber);
}

/**
 * `evt_` and 21 digits. On the hot path of every accepted event.
 *
 * @throws RangeError when a part is out of its range.
 */
export function eventId(createdAt: number, sequence: number): string {
  return 'evt_' + timeText(createdAt) + sequenceText(sequence);
}

/** `dlv_` and 28 digits: the delivery of one event to one subscription. */
export function deliveryId(
  createdAt: number,
  sequence: number,
  subscriptionNumber: number,
): string {
  return (
    'dlv_' + timeText(createdAt) + sequenceText(sequence) + subscriptionText(subscriptionNumber)
  );
}

/** `att_` and 31 digits: one try of a delivery. `createdAt` is that of the event. */
export function attemptId(
  createdAt: number,
  sequence: number,
  subscriptionNumber: number,
  attemptNumber: number,
): string {
  return (
    'att_' +
    timeText(createdAt) +
    sequenceText(sequence) +
    subscriptionText(subscriptionNumber) +
    attemptText(attemptNumber)
  );
}

/** A prefix and 21 digits: any other record, numbered by its own table. */
export function recordId(prefix: RecordPrefix, createdAt: number, number: number): string {
  return `${prefix}_${timeText(createdAt)}${sequenceText(number)}`;
}

/** Reads `width` digits at `from`; −1 for a foreign character or a value above `max`. */
function readDigits(text: string, from: number, width: number, max: number): number {
  let value = 0;
  for (let at = from; at < from + width; at += 1) {
    const digit = VALUES[text.charCodeAt(at)] ?? -1;
    if (digit < 0) return -1;
    value = value * DIGITS.length + digit;
  }
  return value <= max ? value : -1;
}

const PREFIX_CHARS = 4;
const SEQUENCE_AT = PREFIX_CHARS + TIME_CHARS;
const SUBSCRIPTION_AT = SEQUENCE_AT + SEQUENCE_CHARS;
const ATTEMPT_AT = SUBSCRIPTION_AT + SUBSCRIPTION_CHARS;

function readTimeAndSequence(prefix: string, id: string, length: number): EventIdParts | undefined {
  if (id.length !== length || !id.startsWith(prefix)) return undefined;
  const createdAt = readDigits(id, PREFIX_CHARS, TIME_CHARS, MAX_TIME);
  const sequence = readDigits(id, SEQUENCE_AT, SEQUENCE_CHARS, Number.MAX_SAFE_INTEGER);
  return createdAt < 0 || sequence < 0 ? undefined : { createdAt, sequence };
}

/*
 * The parsers accept exactly what the makers spell: the right length, lower case, no look-alike
 * letters, no value out of range. One thing has one name, so an id compares as text.
 */

export function parseEventId(id: string): EventIdParts | undefined {
  return readTimeAndSequence('evt_', id, SUBSCRIPTION_AT);
}

export function parseDeliveryId(id: string): DeliveryIdParts | undefined {
  return readDeliveryParts('dlv_', id, ATTEMPT_AT);
}

export function parseAttemptId(id: string): AttemptIdParts | undefined {
  const parts = readDeliveryParts('att_', id, ATTEMPT_AT + ATTEMPT_CHARS);
  if (parts === undefined) return undefined;
  const attemptNumber = readDigits(id, ATTEMPT_AT, ATTEMPT_CHARS, MAX_ATTEMPT_NUMBER);
  return attemptNumber < 0 ? undefined : { ...parts, attemptNumber };
}

export function parseRecordId(prefix: RecordPrefix, id: string): RecordIdParts | undefined {
  const parts = readTimeAndSequence(`${prefix}_`, id, SUBSCRIPTION_AT);
  return parts && { createdAt: parts.createdAt, number: parts.sequence };
}

function readDeliveryParts(
  prefix: string,
  id: string,
  length: number,
): DeliveryIdParts | undefined {
  const parts = readTimeAndSequence(prefix, id, length);
  if (parts === undefined) return undefined;
  const subscriptionNumber = readDigits(
    id,
    SUBSCRIPTION_AT,
    SUBSCRIPTION_CHARS,
    MAX_SUBSCRIPTION_NUMBER,
  );
  return subscriptionNumber < 0 ? undefined : { ...parts, subscriptionNumber };
}
