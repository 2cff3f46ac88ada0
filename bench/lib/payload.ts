/**
 * The request every server under test gets: bytes built once per connection, in which only three
 * fixed-width fields are overwritten per event. Building a string per event would cost the
 * generator more than the socket write does.
 */
export const BODY_BYTES = 500;
export const SEQ_DIGITS = 10;
const AT_DIGITS = 16;
const TARGET_DIGITS = 3;
const ZERO = 0x30;

/** Event type of the n-th target: `bench.t007`. */
export function eventTypeOf(target: number): string {
  return `bench.t${String(target).padStart(TARGET_DIGITS, '0')}`;
}

/** Path of the n-th target on the sink: `/t007`. */
export function sinkPathOf(target: number): string {
  return `/t${String(target).padStart(TARGET_DIGITS, '0')}`;
}

/** Address of the n-th target on a sink. */
export function sinkUrlOf(sinkPort: number, target: number): string {
  return `http://127.0.0.1:${sinkPort}${sinkPathOf(target)}`;
}

export interface RequestOptions {
  port: number;
  path: string;
  /** Value of the authorization header; null for servers that know none. */
  authorization: string | null;
}

/** One connection's request; `stamp` makes it the request of one event. */
export class StampedRequest {
  readonly bytes: Buffer;
  readonly #seqAt: number;
  readonly #plannedAt: number;
  readonly #targetAt: number;

  constructor(options: RequestOptions) {
    const body = templateBody();
    const auth = options.authorization;
    const head = [
      `POST ${options.path} HTTP/1.1`,
      `host: 127.0.0.1:${options.port}`,
      'content-type: application/json',
      ...(auth === null ? [] : [`authorization: ${auth}`]),
      `content-length: ${body.length}`,
    ].join('\r\n');
    this.bytes = Buffer.from(`${head}\r\n\r\n${body}`, 'latin1');
    this.#targetAt = this.bytes.indexOf('"bench.t') + '"bench.t'.length;
    this.#seqAt = this.bytes.indexOf(SEQ_MARK) + SEQ_MARK.length;
    this.#plannedAt = this.bytes.indexOf(AT_MARK) + AT_MARK.length;
  }

  /** Writes sequence number, planned instant (µs) and target into the bytes. */
  stamp(seq: number, plannedMicros: number, target: number): void {
    writeDigits(this.bytes, this.#seqAt, SEQ_DIGITS, seq);
    writeDigits(this.bytes, this.#plannedAt, AT_DIGITS, Math.round(plannedMicros));
    writeDigits(this.bytes, this.#targetAt, TARGET_DIGITS, target);
  }
}

export interface Stamp {
  seq: number;
  plannedMicros: number;
}

/**
 * Finds the stamp in a delivered body. Relies on the promise that `data` keeps the publisher's
 * bytes; a server that rewrote them shows up as `unreadable` arrivals.
 */
export function readStamp(body: Buffer): Stamp | undefined {
  const seqAt = body.indexOf(SEQ_MARK, 0, 'latin1');
  if (seqAt < 0) return undefined;
  const plannedAt = seqAt + SEQ_MARK.length + SEQ_DIGITS + BETWEEN;
  const seq = readDigits(body, seqAt + SEQ_MARK.length, SEQ_DIGITS);
  const plannedMicros = readDigits(body, plannedAt, AT_DIGITS);
  return Number.isNaN(seq + plannedMicros) ? undefined : { seq, plannedMicros };
}

export const SEQ_MARK = '"seq":"';
const AT_MARK = '","at":"';
/** Bytes from the end of the sequence number to the start of the instant. */
const BETWEEN = AT_MARK.length;

/** The body of every request, for event 0. */
export function templateBody(): string {
  const start =
    `{"event_type":"${eventTypeOf(0)}","task_id":"task_bench","status":"success","data":{` +
    `${SEQ_MARK}${'0'.repeat(SEQ_DIGITS)}${AT_MARK}${'0'.repeat(AT_DIGITS)}","result":"`;
  const end = '"}}';
  return start + 'x'.repeat(BODY_BYTES - start.length - end.length) + end;
}

/** Overwrites the digits of an event's number. */
export function writeSequence(bytes: Buffer, offset: number, seq: number): void {
  writeDigits(bytes, offset, SEQ_DIGITS, seq);
}

function writeDigits(bytes: Buffer, offset: number, digits: number, value: number): void {
  let rest = value;
  for (let at = offset + digits - 1; at >= offset; at--) {
    const next = Math.floor(rest / 10);
    bytes[at] = ZERO + rest - next * 10;
    rest = next;
  }
}

function readDigits(bytes: Buffer, offset: number, digits: number): number {
  let value = 0;
  for (let at = offset; at < offset + digits; at++) {
    const digit = (bytes[at] ?? Number.NaN) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
