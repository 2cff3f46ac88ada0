/** Endpoint health as numbers: what the attempts of the last hour say about each subscription. */
import type { AttemptEnded, Telemetry, TelemetryEvent } from '../runtime/telemetry.ts';

/** The window is kept in slices that are dropped whole. */
const SLICE_MS = 5 * 60_000;
const SLICES = 12;
const WINDOW_SECONDS = (SLICE_MS * SLICES) / 1000;

/** Response times are counted in buckets, four to each doubling: ± 12.5 % of the time + 1 ms. */
const SUB_BUCKET_BITS = 2;
const SUB_BUCKETS = 2 ** SUB_BUCKET_BITS;
/** The last one begins at 57 s; the longest timeout is 60 s. */
const BUCKETS = 16 * SUB_BUCKETS;

/** Subscriptions that are kept; beyond, the one that was first seen longest ago is forgotten. */
const MAX_SUBSCRIPTIONS = 50_000;

export interface EndpointStats {
  /** The span that is counted, seconds before now. */
  readonly windowSeconds: number;
  readonly attempts: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Response times of the window, milliseconds, or null without attempts. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Milliseconds since the Unix epoch, or null when there was none since the process started. */
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  readonly lastFailureReason: string | null;
}

interface Slice {
  readonly number: number;
  succeeded: number;
  failed: number;
  readonly durations: Uint32Array;
}

interface Endpoint {
  readonly slices: Slice[];
  lastSuccessAt: number | null;
  lastFailureAt: number | null;
  lastFailureReason: string | null;
}

export class EndpointStatsKeeper implements Telemetry {
  readonly #endpoints = new Map<number, Endpoint>();

  emit(event: TelemetryEvent): void {
    if (event.event === 'attempt.ended') this.#count(event);
  }

  /** Undefined when there was no attempt since the process started. */
  of(subscription: number, now: number): EndpointStats | undefined {
    const endpoint = this.#endpoints.get(subscription);
    if (endpoint === undefined) return undefined;
    const oldest = Math.floor(now / SLICE_MS) - SLICES;
    const slices = endpoint.slices.filter((slice) => slice.number > oldest);
    const succeeded = slices.reduce((sum, slice) => sum + slice.succeeded, 0);
    const failed = slices.reduce((sum, slice) => sum + slice.failed, 0);
    const { lastSuccessAt, lastFailureAt, lastFailureReason } = endpoint;
    return {
      windowSeconds: WINDOW_SECONDS,
      attempts: succeeded + failed,
      succeeded,
      failed,
      p50Ms: percentile(slices, 0.5),
      p95Ms: percentile(slices, 0.95),
      lastSuccessAt,
      lastFailureAt,
      lastFailureReason,
    };
  }

  #count({ subscription, attempt, at }: AttemptEnded): void {
    const endpoint = this.#endpoint(subscription.number);
    const slice = currentSlice(endpoint.slices, Math.floor(at / SLICE_MS));
    const bucket = bucketOf(attempt.durationMs);
    slice.durations[bucket] = (slice.durations[bucket] ?? 0) + 1;
    if (attempt.outcome === 'succeeded') {
      slice.succeeded += 1;
      endpoint.lastSuccessAt = at;
    } else {
      slice.failed += 1;
      endpoint.lastFailureAt = at;
      endpoint.lastFailureReason = attempt.detail;
    }
  }

  #endpoint(subscription: number): Endpoint {
    const known = this.#endpoints.get(subscription);
    if (known !== undefined) return known;
    if (this.#endpoints.size >= MAX_SUBSCRIPTIONS) {
      const [oldest] = this.#endpoints.keys();
      if (oldest !== undefined) this.#endpoints.delete(oldest);
    }
    const endpoint: Endpoint = {
      slices: [],
      lastSuccessAt: null,
      lastFailureAt: null,
      lastFailureReason: null,
    };
    this.#endpoints.set(subscription, endpoint);
    return endpoint;
  }
}

function currentSlice(slices: Slice[], number: number): Slice {
  const last = slices.at(-1);
  if (last?.number === number) return last;
  const slice = { number, succeeded: 0, failed: 0, durations: new Uint32Array(BUCKETS) };
  slices.push(slice);
  while ((slices[0]?.number ?? number) <= number - SLICES) slices.shift();
  return slice;
}

/** By the position of the highest bit and the two bits below it: no logarithm, no allocation. */
function bucketOf(durationMs: number): number {
  const scaled = Math.floor((1 + Math.max(0, durationMs)) * SUB_BUCKETS);
  const doubling = 31 - Math.clz32(scaled) - SUB_BUCKET_BITS;
  const bucket = doubling * SUB_BUCKETS + ((scaled >>> doubling) & (SUB_BUCKETS - 1));
  return Math.min(bucket, BUCKETS - 1);
}

/** Milliseconds at the middle of a bucket. */
function middleOf(bucket: number): number {
  const doubling = Math.floor(bucket / SUB_BUCKETS);
  const within = (bucket % SUB_BUCKETS) + 0.5;
  return 2 ** doubling * (1 + within / SUB_BUCKETS) - 1;
}

/** The middle of the bucket that the percentile falls into. */
function percentile(slices: readonly Slice[], share: number): number | null {
  const total = slices.reduce((sum, slice) => sum + slice.succeeded + slice.failed, 0);
  if (total === 0) return null;
  let left = Math.ceil(total * share);
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    for (const slice of slices) left -= slice.durations[bucket] ?? 0;
    if (left <= 0) return middleOf(bucket);
  }
  return null;
}
