/** As much of Kafka's protocol as the front needs: https://kafka.apache.org/protocol.html. */

const PRODUCE = 0;
const SASL_HANDSHAKE = 17;
const API_VERSIONS = 18;
const SASL_AUTHENTICATE = 36;

const MESSAGE_TOO_LARGE = 10;
const SASL_AUTHENTICATION_FAILED = 58;

const LENGTH_BYTES = 4;

export interface Account {
  readonly username: string;
  readonly password: string;
}

interface Session {
  readonly account: Account | null;
  readonly poison: string;
  isIn: boolean;
}

interface Request {
  readonly api: number;
  readonly version: number;
  readonly correlation: number;
  /** Behind the client's id. */
  readonly body: Buffer;
}

/** Cuts a stream into frames, each with its length in front. */
export class Frames {
  readonly #take: (frame: Buffer) => void;
  #rest = Buffer.alloc(0);

  constructor(take: (frame: Buffer) => void) {
    this.#take = take;
  }

  add(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#rest.readInt32BE();
      if (this.#rest.length < end) return;
      const frame = Buffer.from(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
      this.#take(frame);
    }
  }
}

export function requestOf(frame: Buffer): Request {
  const idLength = frame.readInt16BE(12);
  return {
    api: frame.readInt16BE(4),
    version: frame.readInt16BE(6),
    correlation: frame.readInt32BE(8),
    body: frame.subarray(14 + Math.max(idLength, 0)),
  };
}

/** What the front says itself; everything else is for the broker. */
export function answerTo(request: Request, session: Session): Buffer | 'pass' | 'hang up' {
  const { api, correlation, body } = request;
  if (api === SASL_HANDSHAKE) {
    return framed(int32(correlation), int16(0), int32(1), text('PLAIN'));
  }
  if (api === SASL_AUTHENTICATE) return authenticate(request, session);
  const mayPass = session.account === null || session.isIn || api === API_VERSIONS;
  if (!mayPass) return 'hang up';
  if (api === PRODUCE && body.includes(session.poison)) return tooLarge(request);
  return 'pass';
}

/** SaslAuthenticate, version 2. */
function authenticate({ correlation, body }: Request, session: Session): Buffer {
  const { username, password } = session.account ?? { username: '', password: '' };
  session.isIn = body.includes(`\0${username}\0${password}`);
  const code = session.isIn ? 0 : SASL_AUTHENTICATION_FAILED;
  const nothing = Buffer.from([0, 1]);
  return framed(int32(correlation), tags(), int16(code), nothing, Buffer.alloc(8), tags());
}

/** Produce, versions 5 to 7: every partition of the request is refused. */
function tooLarge({ version, correlation, body }: Request): Buffer {
  if (version < 5 || version > 7) throw new Error(`the front does not know Produce ${version}`);
  const reader = new Reader(body);
  reader.text();
  reader.skip(6);
  const topics: Buffer[] = [];
  const count = reader.int32();
  for (let topic = 0; topic < count; topic += 1) topics.push(refusedTopic(reader));
  return framed(int32(correlation), int32(count), ...topics, int32(0));
}

function refusedTopic(reader: Reader): Buffer {
  const name = reader.text();
  const count = reader.int32();
  const partitions: Buffer[] = [];
  for (let partition = 0; partition < count; partition += 1) {
    const index = reader.int32();
    reader.skip(reader.int32());
    // No base offset, no time of appending, no start of the log.
    const none = Buffer.alloc(24, 0xff);
    partitions.push(Buffer.concat([int32(index), int16(MESSAGE_TOO_LARGE), none]));
  }
  return Buffer.concat([text(name), int32(count), ...partitions]);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  /** Empty for null. */
  text(): string {
    const length = Math.max(this.#bytes.readInt16BE(this.#at), 0);
    this.#at += 2 + length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }
}

function framed(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length), body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** No tagged fields. */
function tags(): Buffer {
  return Buffer.from([0]);
}
