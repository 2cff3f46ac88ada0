/** Puts an event into the queue once, however often and at whatever moments it is sent. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import type { Clock } from '../clock.ts';
import type { Dedupe } from './dedupe.ts';

/** Takes an object with the facts first, as pino and console do. */
export interface Logger {
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}

export interface TakeParts {
  readonly dedupe: Dedupe;
  readonly push: (event: WebhookEvent) => Promise<void>;
  /** For each call of the dedupe and the queue. */
  readonly storeTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Taken = 'new' | 'duplicate' | 'dedupe_unavailable' | 'in_progress' | 'queue_refused';

/**
 * Puts an event into the queue once. While the first request with an id waits for the queue, later
 * ones wait with it: calling them duplicates would lose the event should the queue refuse it.
 */
export function createTake(parts: TakeParts): (event: WebhookEvent) => Promise<Taken> {
  const inProgress = new Map<string, Promise<Taken>>();
  return async (event) => {
    // The id in the body, because that one is signed under every scheme.
    const id = event.webhook_id;
    const first = inProgress.get(id);
    if (first !== undefined) {
      const outcome = await first;
      return outcome === 'new' ? 'duplicate' : outcome;
    }
    const taking = takeOnce(parts, event);
    inProgress.set(id, taking);
    try {
      return await taking;
    } finally {
      inProgress.delete(id);
    }
  };
}

async function takeOnce(parts: TakeParts, event: WebhookEvent): Promise<Taken> {
  const { dedupe, logger } = parts;
  const id = event.webhook_id;
  try {
    const claim = await within(parts, dedupe.claim(id));
    if (claim === 'duplicate') return 'duplicate';
    if (claim === 'pending') return 'in_progress';
  } catch (error) {
    logger.warn({ error, webhook_id: id }, 'dedupe failed to claim an event id');
    return 'dedupe_unavailable';
  }
  try {
    await within(parts, parts.push(event));
  } catch (error) {
    logger.warn({ error, webhook_id: id }, 'queue refused an event');
    await attempt(
      () => within(parts, dedupe.release(id)),
      logger,
      'dedupe failed to release an event id',
    );
    return 'queue_refused';
  }
  await attempt(
    () => within(parts, dedupe.confirm?.(id)),
    logger,
    'dedupe failed to confirm an event id',
  );
  return 'new';
}

/** For steps whose failure must not change the answer: the event's fate is already decided. */
async function attempt(step: () => unknown, logger: Logger, message: string): Promise<void> {
  try {
    await step();
  } catch (error) {
    logger.warn({ error }, message);
  }
}

/** A broker that is away may never answer; the sender must not wait for that. */
async function within<T>(
  { clock, storeTimeoutMs }: TakeParts,
  work: Promise<T> | undefined,
): Promise<T | undefined> {
  if (work === undefined) return undefined;
  let timer: { cancel(): void } | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimer(storeTimeoutMs, () =>
      reject(new Error(`No answer within ${storeTimeoutMs} ms`)),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}
