/**
 * One received request from headers to answer, whatever the framework:
 * signed? → read the raw body → verify → parse → dedupe → queue → answer. Handlers run later.
 * Whether this URL wants the sender's events is answered without them.
 */
import { readChallenge } from '../../src/protocol/challenge.ts';
import { readEvent } from './event-formats.ts';
import { headerLookup } from './header-lookup.ts';
import type { HeaderLookup, HeaderSource } from './header-lookup.ts';
import type { Entrance } from './providers/entrance.ts';
import { safeHeaders } from './providers/safe-headers.ts';
import { accepted, answered, refusal } from './replies.ts';
import type { RefusalReason, Reply } from './replies.ts';
import type { SignatureCheck } from './signature.ts';
import { createTake } from './take.ts';
import type { Taken, TakeParts } from './take.ts';

/** The body as it came over the wire, or why there is none. Never text or re-serialised JSON. */
export type BodyRead =
  | Uint8Array
  | { readonly problem: 'body_too_large' }
  /** `detail` says how to mount the adapter so that the raw body is there. */
  | { readonly problem: 'body_already_parsed'; readonly detail: string };

export interface IncomingRequest {
  readonly headers: HeaderSource;
  /** Default POST. Providers may ask by GET or OPTIONS whether the URL wants their events. */
  readonly method?: string | undefined;
  /** All of it; some providers sign it. */
  readonly url?: string | undefined;
  /** Called at most once, and not at all for a request that is refused for its headers. */
  readonly readBody: (maxBytes: number) => Promise<BodyRead>;
}

/** Never rejects. */
export type Handle = (request: IncomingRequest) => Promise<Reply>;

export interface HandleParts extends TakeParts {
  /** Null where no sender with signatures of Bellwire's kinds is believed. */
  readonly signature: SignatureCheck | null;
  /** Null without providers. */
  readonly entrance: Entrance | null;
  /** Takes the place of scheme and host of a request's URL. */
  readonly publicUrl: string | undefined;
  readonly maxBodyBytes: number;
}

export function createHandle(parts: HandleParts): Handle {
  const handler = new Handler(parts);
  return async (request) => {
    try {
      return await handler.answer(request);
    } catch (error) {
      parts.logger.warn({ error }, 'webhook receiver failed');
      return refusal('internal_error');
    }
  };
}

class Handler {
  readonly #parts: HandleParts;
  readonly #take: ReturnType<typeof createTake>;

  constructor(parts: HandleParts) {
    this.#parts = parts;
    this.#take = createTake(parts);
  }

  async answer(request: IncomingRequest): Promise<Reply> {
    const { signature, entrance, maxBodyBytes } = this.#parts;
    const header = headerLookup(request.headers);
    const signed = signature?.isSigned(header) === true ? signature : undefined;
    if (signed === undefined) {
      if (entrance === null) return this.#refused('missing_signature');
      const encoding = header('content-encoding') ?? 'identity';
      if (encoding !== 'identity') return this.#refused('unsupported_encoding');
    }
    const body = await readBody(request, maxBodyBytes);
    if ('problem' in body) return this.#refused(body.problem, body.detail);
    if (signed !== undefined) return this.#ownKind(signed, header, body);
    return entrance === null
      ? this.#refused('missing_signature')
      : this.#provider(entrance, request, header, body);
  }

  /** From Bellwire, or from a sender that signs like it. */
  async #ownKind(
    signature: SignatureCheck,
    header: HeaderLookup,
    body: Uint8Array,
  ): Promise<Reply> {
    const problem = signature.problem(header, body, this.#parts.clock.now());
    if (problem !== undefined) return this.#refused(problem);
    const parsed = readEvent(header, body);
    if (!parsed.ok) {
      const challenge = readChallenge(body);
      if (challenge !== undefined) return answered(challenge);
      return this.#refused(parsed.reason, parsed.detail);
    }
    const outcome = await this.#take(parsed.event);
    if (!isTaken(outcome)) return this.#refused(outcome);
    return accepted(parsed.event.webhook_id, outcome === 'duplicate');
  }

  async #provider(
    entrance: Entrance,
    request: IncomingRequest,
    header: HeaderLookup,
    body: Uint8Array,
  ): Promise<Reply> {
    const inbound = {
      method: (request.method ?? 'POST').toUpperCase(),
      url: urlOf(request, this.#parts.publicUrl),
      headers: header,
      body,
      safeHeaders: (secrets: readonly string[]) => safeHeaders(request.headers, secrets),
    };
    const passage = await entrance.enter(inbound, this.#parts.clock.now());
    if (passage.kind === 'handshake') return passage.reply;
    if (passage.kind === 'refused') {
      const { reason, status, detail, provider } = passage;
      this.#parts.logger.warn({ reason, status, detail, provider }, 'webhook refused');
      return refusal(reason ?? 'not_verified', undefined, status);
    }
    const outcome = await this.#take(passage.event);
    return isTaken(outcome) ? passage.accepted : this.#refused(outcome);
  }

  #refused(reason: RefusalReason, detail?: string): Reply {
    const reply = refusal(reason, detail);
    this.#parts.logger.warn({ reason, status: reply.status }, 'webhook refused');
    return reply;
  }
}

function isTaken(outcome: Taken): outcome is 'new' | 'duplicate' {
  return outcome === 'new' || outcome === 'duplicate';
}

type BodyProblem = { readonly problem: RefusalReason; readonly detail?: string };

async function readBody(
  request: IncomingRequest,
  maxBytes: number,
): Promise<Uint8Array | BodyProblem> {
  try {
    return await request.readBody(maxBytes);
  } catch {
    return { problem: 'body_unreadable' };
  }
}

function urlOf({ url = '' }: IncomingRequest, publicUrl: string | undefined): string {
  if (publicUrl === undefined) return url;
  return publicUrl.replace(/\/+$/, '') + url.replace(/^[a-z]+:\/\/[^/?]*/i, '');
}
