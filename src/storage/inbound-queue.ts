/** Inbound requests that wait to be written down: bounded, and the oldest goes first. */
import { MAX_QUEUED_INBOUND, MAX_QUEUED_INBOUND_BYTES } from '../domain/limits-sources.ts';
import type { InboundRecord } from './inbound.ts';

const NONE: readonly InboundRecord[] = [];

export class InboundQueue {
  #records: InboundRecord[] = [];
  #bytes = 0;
  #dropped = 0;

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** How many went for want of room. */
  get dropped(): number {
    return this.#dropped;
  }

  add(record: InboundRecord): void {
    this.#records.push(record);
    this.#bytes += bytesOf(record);
    if (this.#isFull) this.#makeRoom();
  }

  /** All that wait. */
  take(): readonly InboundRecord[] {
    if (this.isEmpty) return NONE;
    const taken = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return taken;
  }

  /** What could not be written goes before what came since. */
  putBack(records: readonly InboundRecord[]): void {
    if (records.length === 0) return;
    this.#records = [...records, ...this.#records];
    for (const record of records) this.#bytes += bytesOf(record);
    if (this.#isFull) this.#makeRoom();
  }

  get #isFull(): boolean {
    return this.#records.length > MAX_QUEUED_INBOUND || this.#bytes > MAX_QUEUED_INBOUND_BYTES;
  }

  /** A tenth at once, so that a flood does not move the rest for each single one. */
  #makeRoom(): void {
    let count = 0;
    let bytes = this.#bytes;
    for (const record of this.#records) {
      const hasRoom =
        this.#records.length - count <= MAX_QUEUED_INBOUND * 0.9 &&
        bytes <= MAX_QUEUED_INBOUND_BYTES * 0.9;
      if (hasRoom) break;
      bytes -= bytesOf(record);
      count += 1;
    }
    this.#records.splice(0, count);
    this.#bytes = bytes;
    this.#dropped += count;
  }
}

/** About what one takes in memory. */
function bytesOf({ headers, body }: InboundRecord): number {
  return headers.length + (body?.length ?? 0);
}
