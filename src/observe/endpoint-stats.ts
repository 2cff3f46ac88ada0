/** Endpoint health as numbers: what the attempts of the last hour say about each subscription. */
import type { AttemptEnded, Telemetry, TelemetryEvent } from '../runtime/telemetry.ts';

/** The hour is kept in slices that are dropped whole. */
const SLICE_MS = 60_000;
const SLICES = 60;

/** Subscriptions with an attempt in the last hour that are kept; beyond, the oldest is forgotten. */
const MAX_SUBSCRIPTIONS = 100_000;

export interface EndpointStats {
  readonly succeeded: number;
  readonly failed: number;
  /** Mean time of the attempts that succeeded, milliseconds; null when none did. */
  readonly meanDurationMs: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  readonly lastFailure: string | null;
  /** Failures since the last success, counted since the process started. */
  readonly failuresInARow: number;
}

interface Slice {
  number: number;
  succeeded: number;
  failed: number;
  durationMs: number;
}

interface Endpoint {
  readonly slices: Slice[];
  lastSuccessAt: number | null;
  lastFailureAt: number | null;
  lastFailure: string | null;
  failuresInARow: number;
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
    let succeeded = 0;
    let failed = 0;
    let durationMs = 0;
    for (const slice of endpoint.slices) {
      if (slice.number <= oldest) continue;
      succeeded += slice.succeeded;
      failed += slice.failed;
      durationMs += slice.durationMs;
    }
    const { lastSuccessAt, lastFailureAt, lastFailure, failuresInARow } = endpoint;
    return {
      succeeded,
      failed,
      meanDurationMs: succeeded === 0 ? null : durationMs / succeeded,
      lastSuccessAt,
      lastFailureAt,
      lastFailure,
      failuresInARow,
    };
  }

  #count({ subscription, attempt, at }: AttemptEnded): void {
    const endpoint = this.#endpoint(subscription.number);
    const slice = currentSlice(endpoint.slices, Math.floor(at / SLICE_MS));
    if (attempt.outcome === 'succeeded') {
      slice.succeeded += 1;
      slice.durationMs += attempt.durationMs;
      endpoint.lastSuccessAt = at;
      endpoint.failuresInARow = 0;
    } else {
      slice.failed += 1;
      endpoint.lastFailureAt = at;
      endpoint.lastFailure = attempt.detail;
      endpoint.failuresInARow += 1;
    }
  }

  #endpoint(subscription: number): Endpoint {
    const known = this.#endpoints.get(subscription);
    if (known !== undefined) return known;
    if (this.#endpoints.size >= MAX_SUBSCRIPTIONS) {
      for (const oldest of this.#endpoints.keys()) {
        this.#endpoints.delete(oldest);
        break;
      }
    }
    const endpoint: Endpoint = {
      slices: [],
      lastSuccessAt: null,
      lastFailureAt: null,
      lastFailure: null,
      failuresInARow: 0,
    };
    this.#endpoints.set(subscription, endpoint);
    return endpoint;
  }
}

function currentSlice(slices: Slice[], number: number): Slice {
  const last = slices.at(-1);
  if (last?.number === number) return last;
  const slice = { number, succeeded: 0, failed: 0, durationMs: 0 };
  slices.push(slice);
  while ((slices[0]?.number ?? number) <= number - SLICES) slices.shift();
  return slice;
}
