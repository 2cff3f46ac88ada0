/**
 * Bodies of strangers: bounded each, bounded together, and none may come in so slowly that it only
 * holds a connection. One timer for all that are under way, and none while there are none.
 */
import type { IncomingMessage } from 'node:http';
import {
  MAX_RECEIVING_BYTES,
  MIN_BODY_BYTES_PER_SECOND,
  SLOW_BODY_GRACE_MS,
} from '../../domain/limits-ingest.ts';
import type { BodyFailure } from '../../ingest/port.ts';
import type { Clock } from '../../runtime/clock.ts';

const LOOK_EVERY_MS = 1_000;

/** A body that is refused is still read up to here, so that the answer gets through. */
const MAX_DRAINED_BYTES = 16 * 1024 * 1024;

export type BodyEnd =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: BodyFailure; readonly bytes: number };

type Done = (end: BodyEnd) => void;

interface Options {
  readonly clock: Clock;
  /** All bodies together; the default is that of the limits. */
  readonly maxReceivingBytes?: number;
}

export class BodyReader {
  readonly #clock: Clock;
  readonly #maxReceivingBytes: number;
  readonly #underWay = new Set<Reading>();
  #receivingBytes = 0;
  #isWatched = false;

  constructor({ clock, maxReceivingBytes = MAX_RECEIVING_BYTES }: Options) {
    this.#clock = clock;
    this.#maxReceivingBytes = maxReceivingBytes;
  }

  /** Held by bodies that are not whole yet. */
  get receivingBytes(): number {
    return this.#receivingBytes;
  }

  /** `done` runs once, unless the sender goes away before. */
  read(request: IncomingMessage, maxBytes: number, done: Done): void {
    const reading = new Reading(request, this.#clock.monotonic(), done);
    this.#underWay.add(reading);
    this.#watch();
    request.on('data', (chunk: Buffer) => {
      if (reading.isOver) return drop(request, (reading.bytes += chunk.length));
      this.#receivingBytes += chunk.length;
      reading.add(chunk);
      if (reading.bytes > maxBytes) this.#fail(reading, 'payload_too_large');
      else if (this.#receivingBytes > this.#maxReceivingBytes) this.#fail(reading, 'too_busy');
    });
    request.on('end', () => {
      if (reading.isOver) return;
      const body = reading.whole();
      this.#end(reading);
      done({ kind: 'body', body });
    });
    // After the end this is nothing new; before it, the sender has gone.
    request.on('close', () => this.#end(reading));
  }

  #end(reading: Reading): void {
    if (!this.#underWay.delete(reading)) return;
    reading.isOver = true;
    this.#receivingBytes -= reading.bytes;
    reading.forget();
  }

  #fail(reading: Reading, kind: BodyFailure): void {
    this.#end(reading);
    reading.done({ kind, bytes: reading.bytes });
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#clock.setTimer(LOOK_EVERY_MS, () => {
      this.#isWatched = false;
      const now = this.#clock.monotonic();
      for (const reading of this.#underWay) {
        if (reading.isTooSlow(now)) this.#fail(reading, 'slow_body');
      }
      if (this.#underWay.size > 0) this.#watch();
    });
  }
}

class Reading {
  readonly #request: IncomingMessage;
  readonly #startedAt: number;
  readonly done: Done;
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  bytes = 0;
  isOver = false;

  constructor(request: IncomingMessage, startedAt: number, done: Done) {
    this.#request = request;
    this.#startedAt = startedAt;
    this.done = done;
  }

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.#first === undefined) this.#first = chunk;
    else (this.#rest ??= []).push(chunk);
  }

  whole(): Buffer {
    if (this.#first === undefined) return Buffer.alloc(0);
    if (this.#rest === undefined) return this.#first;
    return Buffer.concat([this.#first, ...this.#rest], this.bytes);
  }

  forget(): void {
    this.#first = this.#rest = undefined;
  }

  /** @param now monotonic, milliseconds. */
  isTooSlow(now: number): boolean {
    const elapsedMs = now - this.#startedAt;
    if (elapsedMs < SLOW_BODY_GRACE_MS || this.#request.complete) return false;
    return (this.bytes / elapsedMs) * 1000 < MIN_BODY_BYTES_PER_SECOND;
  }
}

/** Reads on for a while, so that the sender gets to our answer; not for ever. */
export function drain(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => drop(request, (bytes += chunk.length)));
}

function drop(request: IncomingMessage, bytes: number): void {
  if (bytes > MAX_DRAINED_BYTES) request.destroy();
}
