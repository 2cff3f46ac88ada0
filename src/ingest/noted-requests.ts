/**
 * Notes the requests that stored no event, so that their owner sees why; a flood of them is counted
 * instead. Whoever knows a source's URL can send any number of forgeries: they must not fill the
 * disk, nor push each other out of what is kept.
 */
import { MAX_SAMPLED_SOURCES, MAX_STORED_REFUSALS_PER_SECOND } from '../domain/limits-ingest.ts';
import { LruMap } from '../domain/lru.ts';
import { take, type RateLimit } from '../domain/rate-limit.ts';
import type { Source } from '../domain/source.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { NewInbound, RecordedInboundStatus } from '../storage/inbound.ts';

/** So many are noted at once before the rate counts: tests by hand come in bursts. */
const BURST = 100;
const SUMMARY_AFTER_MS = 1_000;

interface Options {
  readonly note: (inbound: NewInbound) => void;
  readonly clock: Clock;
}

interface Tally {
  readonly limit: RateLimit;
  readonly source: Source;
  readonly status: RecordedInboundStatus;
  /** How often each reason was not noted. */
  readonly skipped: Map<string, number>;
}

export class NotedRequests {
  readonly #options: Options;
  readonly #tallies = new LruMap<Tally>(MAX_SAMPLED_SOURCES);
  /** Those with something skipped. */
  readonly #pending = new Set<Tally>();
  #timer: Timer | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @param make called only for those that are noted by themselves. */
  add(source: Source, status: RecordedInboundStatus, reason: string, make: () => NewInbound): void {
    const { note, clock } = this.#options;
    const tally = this.#tallyOf(source, status);
    if (take(tally.limit, clock.monotonic()) === 0) {
      note(make());
      return;
    }
    tally.skipped.set(reason, (tally.skipped.get(reason) ?? 0) + 1);
    this.#pending.add(tally);
    this.#timer ??= clock.setTimer(SUMMARY_AFTER_MS, () => this.#summarise());
  }

  /** Writes down what was only counted so far. */
  stop(): void {
    this.#timer?.cancel();
    this.#summarise();
  }

  #tallyOf(source: Source, status: RecordedInboundStatus): Tally {
    const key = `${source.number} ${status}`;
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const intervalMs = 1000 / MAX_STORED_REFUSALS_PER_SECOND;
    const toleranceMs = intervalMs * (BURST - 1);
    const limit = { intervalMs, toleranceMs, fullAt: Number.NEGATIVE_INFINITY };
    const tally: Tally = { limit, source, status, skipped: new Map() };
    this.#tallies.set(key, tally);
    return tally;
  }

  #summarise(): void {
    this.#timer = undefined;
    const now = this.#options.clock.now();
    for (const tally of this.#pending) {
      this.#options.note(summary(tally, now));
      tally.skipped.clear();
    }
    this.#pending.clear();
  }
}

function summary({ source, status, skipped }: Tally, now: number): NewInbound {
  const count = [...skipped.values()].reduce((sum, one) => sum + one, 0);
  const reasons = [...skipped].map(([reason, times]) => `${times} × ${reason}`).join(', ');
  return {
    tenant: source.tenant,
    source: source.number,
    receivedAt: now,
    status,
    reason: 'counted_only',
    detail: `${count} more within a second, not kept one by one: ${reasons}.`,
    eventSequence: null,
    eventId: null,
    providerEventId: null,
    method: '*',
    headers: '{}',
    body: null,
    bodyBytes: 0,
    remoteAddress: null,
  };
}
