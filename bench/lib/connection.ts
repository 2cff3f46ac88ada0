/** One keep-alive HTTP/1.1 connection of the generator: at most one request in flight. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { HttpParser, statusOf } from './http-parser.ts';
import type { Signing } from './load-protocol.ts';
import { StampedRequest } from './payload.ts';
import type { RequestOptions } from './payload.ts';
import { SignedRequest } from './signed-request.ts';

const READ_BUFFER_BYTES = 8192;
const RECONNECT_MS = 20;

export interface ConnectionEvents {
  /** Connected (again) and free. */
  onFree(connection: Connection): void;
  onAnswer(connection: Connection, status: number): void;
  /** The connection broke; `inFlight` tells whether a request went unanswered with it. */
  onBroken(connection: Connection, inFlight: boolean): void;
}

interface ConnectionOptions extends RequestOptions {
  readonly signing?: Signing | undefined;
}

export class Connection {
  readonly #request: StampedRequest | SignedRequest;
  readonly #port: number;
  readonly #events: ConnectionEvents;
  #socket: Socket | undefined;
  #parser = new HttpParser('response', () => undefined);
  #inFlight = false;
  #closed = false;
  /** Sequence number and planned instant (µs) of the request in flight. */
  seq = 0;
  plannedMicros = 0;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    const { signing } = options;
    this.#request =
      signing === undefined ? new StampedRequest(options) : new SignedRequest(options, signing);
    this.#port = options.port;
    this.#events = events;
  }

  /** Connects; tries again after a break until `close`. */
  open(): void {
    if (this.#closed) return;
    this.#parser = new HttpParser('response', (head) => this.#answered(statusOf(head)));
    const socket: Socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      noDelay: true,
      // Reading into one own buffer skips the stream machinery, the dearest part of a socket.
      onread: {
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (length, buffer) => this.#read(socket, buffer, length),
      },
    });
    this.#socket = socket;
    socket.once('connect', () => this.#events.onFree(this));
    socket.on('error', () => undefined);
    socket.once('close', () => this.#broken());
  }

  /** Sends the stamped request. Only on a free connection. */
  send(seq: number, plannedMicros: number, target: number): void {
    this.seq = seq;
    this.plannedMicros = plannedMicros;
    this.#inFlight = true;
    this.#request.stamp(seq, plannedMicros, target);
    this.#socket?.write(this.#request.bytes);
  }

  get connected(): boolean {
    return this.#socket?.readyState === 'open';
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #read(socket: Socket, buffer: Uint8Array, length: number): boolean {
    try {
      this.#parser.push(Buffer.from(buffer.buffer, buffer.byteOffset, length));
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  #answered(status: number): void {
    if (!this.#inFlight) return;
    this.#inFlight = false;
    this.#events.onAnswer(this, status);
  }

  #broken(): void {
    const inFlight = this.#inFlight;
    this.#inFlight = false;
    if (this.#closed) return;
    this.#events.onBroken(this, inFlight);
    setTimeout(() => this.open(), RECONNECT_MS);
  }
}
