/**
 * Removes what is past its retention, events and inbound requests: at the start, then every few
 * minutes, in chunks with pauses in which commits get through. It remembers nothing: whatever it is
 * interrupted at, the next pass finds what is left.
 */
import { MIN_DEDUPE_MS } from '../domain/limits-sources.ts';
import { retentionSteps, type RetentionStep, type TenantRetention } from '../domain/retention.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Service } from '../runtime/service.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { InboundRemovalOrder, RemovalPosition, RetentionStore } from './retention.ts';

const PASS_EVERY_MS = 5 * 60_000;

/** Between two chunks, which take some milliseconds each: commits go in between. */
const PAUSE_MS = 2;

interface Options {
  readonly store: RetentionStore;
  /** Of tenants that say nothing themselves; 0 keeps for ever. */
  readonly days: number;
  /** All tenants, as things stand now. */
  readonly tenants: () => readonly TenantRetention[];
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** A pass was broken off; the next one goes on. */
  readonly onError: (error: unknown) => void;
}

export class RetentionKeeper implements Service {
  readonly #options: Options;
  #pass: Promise<void> | undefined;
  #timer: Timer | undefined;
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Does not wait for the first pass. */
  async start(): Promise<void> {
    if (this.#pass === undefined) this.#begin();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#pause?.timer.cancel();
    this.#pause?.end();
    await this.#pass;
  }

  #begin(): void {
    if (this.#stopped) return;
    this.#pass = this.#runPass()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.onError(error);
      })
      .finally(() => {
        if (this.#stopped) return;
        this.#timer = this.#options.clock.setTimer(PASS_EVERY_MS, () => this.#begin());
      });
  }

  async #runPass(): Promise<void> {
    const { days, tenants, clock } = this.#options;
    const now = clock.now();
    const keysBefore = now - MIN_DEDUPE_MS;
    for (const step of retentionSteps(days, tenants(), now)) {
      if (this.#stopped) return;
      await this.#remove(step, keysBefore);
      const { tenant, createdBefore: receivedBefore } = step;
      await this.#removeInbound({ tenant, receivedBefore, keysBefore });
    }
    await this.#removeInbound({ tenant: null, receivedBefore: null, keysBefore });
  }

  async #removeInbound(order: InboundRemovalOrder): Promise<void> {
    while (!this.#stopped && (await this.#options.store.removeOldInbound(order)) > 0) {
      await this.#breathe();
    }
  }

  async #remove({ tenant, createdBefore }: RetentionStep, keysKeptSince: number): Promise<void> {
    const { store, clock } = this.#options;
    const startedAt = clock.monotonic();
    let events = 0;
    let bytes = 0;
    let after: RemovalPosition | undefined;
    try {
      do {
        const order = { tenant, createdBefore, after, keysKeptSince };
        const removal = await store.removeOld(order);
        events += removal.events;
        bytes += removal.bytes;
        after = removal.next;
        if (after !== undefined) await this.#breathe();
      } while (after !== undefined && !this.#stopped);
    } finally {
      const durationMs = clock.monotonic() - startedAt;
      if (events > 0) this.#tell({ tenant, createdBefore }, { events, bytes, durationMs });
    }
  }

  #tell(
    step: RetentionStep,
    done: { readonly events: number; readonly bytes: number; readonly durationMs: number },
  ): void {
    const { telemetry, clock } = this.#options;
    telemetry.emit({ event: 'retention.removed', at: clock.now(), ...step, ...done });
  }

  #breathe(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(PAUSE_MS, resolve);
      this.#pause = { timer, end: resolve };
    });
  }
}
