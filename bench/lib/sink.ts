/**
 * The receiving end of a bench on raw sockets: answers `200` at once, or misbehaves per path on
 * request, and measures what arrives. It checks no signature: that cost is the receiver's.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { nowMicros } from './clock.ts';
import { createHistogram, record } from './histogram.ts';
import type { Histogram } from './histogram.ts';
import { HttpParser, targetOf } from './http-parser.ts';
import type { Ledger } from './ledger.ts';
import { listenOnLoopback } from './listen.ts';
import type { SinkBehaviour } from './load-protocol.ts';
import { readStamp } from './payload.ts';

const OK = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');

/** What arrived during one run. */
export interface Arrivals {
  ledger: Ledger;
  latency: Histogram;
  strays: number;
  unreadable: number;
  /** Instant of the last first arrival, µs; 0 before any. */
  lastMicros: number;
}

export class Sink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #behaviours = new Map<string, SinkBehaviour>();
  #arrivals: Arrivals | undefined;
  /** Called after every first arrival of the run; the drain waits on it. */
  onArrival: () => void = () => undefined;

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  /** Listens on a free loopback port and returns it. */
  async listen(): Promise<number> {
    return listenOnLoopback(this.#server);
  }

  /** Stops listening and drops every connection, hanging ones too. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  behave(path: string, behaviour: SinkBehaviour): void {
    if (behaviour.kind === 'healthy') this.#behaviours.delete(path);
    else this.#behaviours.set(path, behaviour);
  }

  /** Starts counting for a run; what belongs to earlier runs counts as strays. */
  begin(ledger: Ledger): Arrivals {
    const arrivals = {
      ledger,
      latency: createHistogram(),
      strays: 0,
      unreadable: 0,
      lastMicros: 0,
    };
    this.#arrivals = arrivals;
    return arrivals;
  }

  #serve(socket: Socket): void {
    const parser = new HttpParser('request', (head, body) => {
      this.#count(body);
      this.#answer(socket, head);
    });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch {
        if (this.#arrivals !== undefined) this.#arrivals.unreadable++;
        socket.destroy();
      }
    });
  }

  #count(body: Buffer): void {
    const arrivals = this.#arrivals;
    if (arrivals === undefined) return;
    const stamp = readStamp(body);
    if (stamp === undefined) {
      arrivals.unreadable++;
      return;
    }
    const arrival = arrivals.ledger.arrived(stamp.seq);
    if (arrival === 'stray') arrivals.strays++;
    if (arrival !== 'first') return;
    arrivals.lastMicros = nowMicros();
    record(arrivals.latency, arrivals.lastMicros - stamp.plannedMicros);
    this.onArrival();
  }

  #answer(socket: Socket, head: string): void {
    const behaviour =
      this.#behaviours.size === 0 ? undefined : this.#behaviours.get(targetOf(head));
    switch (behaviour?.kind) {
      case undefined:
      case 'healthy':
        socket.write(OK);
        return;
      case 'delay':
        setTimeout(() => socket.write(OK), behaviour.delayMs);
        return;
      case 'status':
        socket.write(`HTTP/1.1 ${behaviour.status} Bench\r\ncontent-length: 0\r\n\r\n`);
        return;
      case 'hang':
        return;
    }
  }
}
