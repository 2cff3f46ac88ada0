/**
 * A small incremental HTTP/1.1 message parser (RFC 9112) for the load generator and the sink.
 * It knows what those two need and nothing more: framing by content-length or chunked, messages
 * split or glued at any byte. A full client would cost more than the server under test.
 */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:[ \t]*chunked/i;
const EMPTY = Buffer.alloc(0);

export type MessageKind = 'request' | 'response';

/** Called once per whole message; `body` is only valid during the call. */
export type OnMessage = (head: string, body: Buffer) => void;

interface Framed {
  body: Buffer;
  /** Offset just behind the message. */
  end: number;
}

/** Status code of a response head (`HTTP/1.1 202 Accepted…` → 202); NaN if there is none. */
export function statusOf(head: string): number {
  return Number(head.slice(9, 12));
}

/** Request target of a request head (`POST /hook HTTP/1.1…` → `/hook`). */
export function targetOf(head: string): string {
  const start = head.indexOf(' ') + 1;
  return head.slice(start, head.indexOf(' ', start));
}

export class HttpParser {
  readonly #kind: MessageKind;
  readonly #onMessage: OnMessage;
  #pending: Buffer = EMPTY;

  constructor(kind: MessageKind, onMessage: OnMessage) {
    this.#kind = kind;
    this.#onMessage = onMessage;
  }

  /**
   * Takes the next bytes of the connection and reports every message they complete. Keeps a copy
   * of an incomplete rest, so the caller may reuse the chunk's memory.
   *
   * @throws Error when the bytes are no HTTP/1.1 message, have no framing, or exceed 1 MiB
   */
  push(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let offset = 0;
    while (offset < bytes.length) {
      const end = this.#takeMessage(bytes, offset);
      if (end === undefined) break;
      offset = end;
    }
    const rest = bytes.length - offset;
    if (rest > MAX_MESSAGE_BYTES) throw new Error(`message exceeds ${MAX_MESSAGE_BYTES} bytes`);
    this.#pending = rest === 0 ? EMPTY : Buffer.from(bytes.subarray(offset));
  }

  #takeMessage(bytes: Buffer, offset: number): number | undefined {
    const headEnd = bytes.indexOf(HEAD_END, offset, 'latin1');
    if (headEnd < 0) return undefined;
    const head = bytes.toString('latin1', offset, headEnd);
    const bodyStart = headEnd + HEAD_END.length;
    const framed = frame(this.#kind, head, bytes, bodyStart);
    if (framed === undefined) return undefined;
    const interim = this.#kind === 'response' && statusOf(head) < 200;
    if (!interim) this.#onMessage(head, framed.body);
    return framed.end;
  }
}

function frame(
  kind: MessageKind,
  head: string,
  bytes: Buffer,
  bodyStart: number,
): Framed | undefined {
  if (kind === 'response') {
    if (!head.startsWith('HTTP/1.')) throw new Error(`not an HTTP/1.1 response: ${quote(head)}`);
    const status = statusOf(head);
    if (status < 200 || status === 204 || status === 304) return { body: EMPTY, end: bodyStart };
  }
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length !== undefined) {
    const end = bodyStart + Number(length);
    return end <= bytes.length ? { body: bytes.subarray(bodyStart, end), end } : undefined;
  }
  if (CHUNKED.test(head)) return frameChunked(bytes, bodyStart);
  if (kind === 'request') return { body: EMPTY, end: bodyStart };
  throw new Error(`response has neither content-length nor chunked framing: ${quote(head)}`);
}

function frameChunked(bytes: Buffer, bodyStart: number): Framed | undefined {
  const chunks: Buffer[] = [];
  let at = bodyStart;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    const size = Number.parseInt(line, 16);
    if (Number.isNaN(size)) throw new Error(`bad chunk size: ${quote(line)}`);
    at = lineEnd + 2;
    if (size === 0) return frameTrailers(bytes, at, chunks);
    if (at + size + 2 > bytes.length) return undefined;
    chunks.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

function frameTrailers(bytes: Buffer, start: number, chunks: Buffer[]): Framed | undefined {
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const blank = lineEnd === at;
    at = lineEnd + 2;
    if (blank) return { body: Buffer.concat(chunks), end: at };
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
