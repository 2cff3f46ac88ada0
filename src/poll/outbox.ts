/** Publishes what polls have found. Its keys make one event of each, however often it is tried. */
import type { Publisher, PublishResult } from '../accept/publication.ts';
import type { OutboxEvent } from '../domain/poll/state.ts';
import type { Source } from '../domain/source.ts';

export interface Published {
  /** Those that have to be tried again. */
  readonly left: readonly OutboxEvent[];
  /** Until then, milliseconds. */
  readonly retryAfterMs: number;
  /** Why events were dropped for good, or why they have to wait; null when all are stored. */
  readonly reason: string | null;
}

/** Publishes all; `done` runs once, after the last of them was answered. */
export function publishOutbox(
  publisher: Publisher,
  source: Source,
  events: readonly OutboxEvent[],
  done: (published: Published) => void,
): void {
  const again = new Set<OutboxEvent>();
  let retryAfterMs = 0;
  let reason: string | null = null;
  let open = events.length;
  for (const event of events) {
    publisher.publish(publicationOf(source, event), (result) => {
      const fate = fateOf(result);
      if (fate.retryAfterMs !== null) again.add(event);
      retryAfterMs = Math.max(retryAfterMs, fate.retryAfterMs ?? 0);
      reason = fate.reason ?? reason;
      open -= 1;
      if (open > 0) return;
      // In the order in which they were found.
      const left = events.filter((each) => again.has(each));
      done({ left, retryAfterMs, reason });
    });
  }
}

function publicationOf(source: Source, { key, eventType, data }: OutboxEvent) {
  const { tenant, number, id } = source;
  return {
    tenant,
    eventType,
    dataText: data,
    inbound: { source: number, sourceId: id, providerEventId: null, dedupe: `poll ${key}` },
  };
}

interface Fate {
  /** Null when it is settled, for better or worse. */
  readonly retryAfterMs: number | null;
  readonly reason: string | null;
}

const STORED: Fate = { retryAfterMs: null, reason: null };

function fateOf(result: PublishResult): Fate {
  switch (result.kind) {
    case 'accepted':
    case 'duplicate':
      return STORED;
    case 'unavailable':
      return { retryAfterMs: result.retryAfterSeconds * 1000, reason: result.reason };
    case 'conflict':
      return { retryAfterMs: null, reason: `an event was dropped: ${result.reason}` };
    case 'refused': {
      const { refusal } = result;
      return refusal.code === 'quota_exceeded'
        ? { retryAfterMs: refusal.retryAfterSeconds * 1000, reason: refusal.reason }
        : { retryAfterMs: null, reason: `an event was dropped: ${refusal.reason}` };
    }
  }
}
