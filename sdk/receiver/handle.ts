/**
 * One received request from headers to answer, whatever the framework:
 * signed? → read the raw body → verify → parse → dedupe → queue → answer. Handlers run later.
 * The sender's question whether this URL wants its events is answered without them.
 */
import { readChallenge } from '../../src/protocol/challenge.ts';
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import type { Clock } from '../clock.ts';
import type { Dedupe } from './dedupe.ts';
import { readEvent } from './event-formats.ts';
import { headerLookup } from './header-lookup.ts';
import type { HeaderSource } from './header-lookup.ts';
import { accepted, answered, refusal } from './replies.ts';
import type { RefusalReason, Reply } from './replies.ts';
import type { SignatureCheck } from './signature.ts';

/** The body as it came over the wire, or why there is none. Never text or re-serialised JSON. */
export type BodyRead =
  | Uint8Array
  | { readonly problem: 'body_too_large' }
  /** `detail` says how to mount the adapter so that the raw body is there. */
  | { readonly problem: 'body_already_parsed'; readonly detail: string };

export interface IncomingRequest {
  readonly headers: HeaderSource;
  /** Called at most once, and not at all for a request that is refused for its headers. */
  readonly readBody: (maxBytes: number) => Promise<BodyRead>;
}

/** Never rejects. */
export type Handle = (request: IncomingRequest) => Promise<Reply>;

/** Takes an object with the facts first, as pino and console do. */
export interface Logger {
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}

export interface HandleParts {
  readonly signature: SignatureCheck;
  readonly dedupe: Dedupe;
  readonly push: (event: WebhookEvent) => Promise<void>;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createHandle(parts: HandleParts): Handle {
  const take = createTake(parts);

  function refused(reason: RefusalReason, detail?: string): Reply {
    const reply = refusal(reason, detail);
    parts.logger.warn({ reason, status: reply.status }, 'webhook refused');
    return reply;
  }

  async function answer(request: IncomingRequest): Promise<Reply> {
    const header = headerLookup(request.headers);
    if (!parts.signature.isSigned(header)) return refused('missing_signature');
    let body: BodyRead;
    try {
      body = await request.readBody(parts.maxBodyBytes);
    } catch {
      return refused('body_unreadable');
    }
    if (!(body instanceof Uint8Array)) {
      return refused(body.problem, 'detail' in body ? body.detail : undefined);
    }
    const problem = parts.signature.problem(header, body, parts.clock.now());
    if (problem !== undefined) return refused(problem);
    const parsed = readEvent(header, body);
    if (!parsed.ok) {
      const challenge = readChallenge(body);
      if (challenge !== undefined) return answered(challenge);
      return refused(parsed.reason, parsed.detail);
    }
    const outcome = await take(parsed.event);
    if (outcome === 'new' || outcome === 'duplicate') {
      return accepted(parsed.event.webhook_id, outcome === 'duplicate');
    }
    return refused(outcome);
  }

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      parts.logger.warn({ error }, 'webhook receiver failed');
      return refusal('internal_error');
    }
  };
}

type Taken = 'new' | 'duplicate' | 'dedupe_unavailable' | 'in_progress' | 'queue_refused';

/**
 * Puts an event into the queue once. While the first request with an id waits for the queue, later
 * ones wait with it: calling them duplicates would lose the event should the queue refuse it.
 */
function createTake(parts: HandleParts): (event: WebhookEvent) => Promise<Taken> {
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

async function takeOnce(parts: HandleParts, event: WebhookEvent): Promise<Taken> {
  const { dedupe, logger } = parts;
  const id = event.webhook_id;
  try {
    const claim = await dedupe.claim(id);
    if (claim === 'duplicate') return 'duplicate';
    if (claim === 'pending') return 'in_progress';
  } catch (error) {
    logger.warn({ error, webhook_id: id }, 'dedupe failed to claim an event id');
    return 'dedupe_unavailable';
  }
  try {
    await parts.push(event);
  } catch (error) {
    logger.warn({ error, webhook_id: id }, 'queue refused an event');
    await attempt(() => dedupe.release(id), logger, 'dedupe failed to release an event id');
    return 'queue_refused';
  }
  await attempt(() => dedupe.confirm?.(id), logger, 'dedupe failed to confirm an event id');
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
