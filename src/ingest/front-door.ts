/**
 * `/in/{token}`, from the head of a request to the answer: limits, handshake or verification,
 * identity, one commit, 2xx. What is not stored never gets a 2xx, and nothing is claimed for it, so
 * the provider's next try counts.
 *
 * For every event, so no promise where the verifier needs none.
 */
import type { Publisher, PublishResult } from '../accept/publication.ts';
import { parseEventId } from '../domain/ids.ts';
import { take } from '../domain/rate-limit.ts';
import type { Source } from '../domain/source.ts';
import type { InboundVerdict } from '../protocol/inbound/verifier.ts';
import type { Clock } from '../runtime/clock.ts';
import type { NewInbound, RecordedInboundStatus } from '../storage/inbound.ts';
import { Admitted, Arrival, publicationOf } from './arrival.ts';
import { mediaType } from './body.ts';
import { clientAddress } from './client-address.ts';
import type { Identity } from './dedupe.ts';
import type { BrokenGate, Gate, HandshakeAnswer } from './gate.ts';
import { headerOf } from './headers.ts';
import { keptHeaders } from './kept-headers.ts';
import type { Networks } from './networks.ts';
import type { NotedRequests } from './noted-requests.ts';
import type { BodyFailure, FrontDoor, Reply, RequestHead } from './port.ts';
import { RefusalLimits } from './rate-limits.ts';
import { refusal, retryAfter, UNKNOWN_TOKEN, type RefusalReason } from './refusals.ts';
import {
  FORGERIES,
  isEventMethod,
  judgeForm,
  notAnEvent,
  refusedBy,
  replyOf,
  type Refused,
} from './refused.ts';
import { storedBody } from './stored-body.ts';

export interface FrontDoorOptions {
  /** Undefined for a token that is nobody's. */
  readonly gateOf: (token: string) => Gate | BrokenGate | undefined;
  readonly publisher: Publisher;
  readonly noted: NotedRequests;
  readonly clock: Clock;
  /** Where clients reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Null where no proxy stands in front. */
  readonly trustedProxies: Networks | null;
  /** Fetches a URL by which a provider learns that we agree. Rejects when that fails. */
  readonly confirm: (url: string) => Promise<void>;
  /** Gives a source without secrets its first one. */
  readonly keepSecret: (source: Source, secret: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

const RETRY_PAUSED_MS = 60_000;
const RETRY_UNUSABLE_MS = 300_000;
const RETRY_KEYS_MS = 10_000;
const RETRY_BUSY_MS = 1_000;

/** Where a source is out of order, no provider's convention is known. */
const UNAUTHORIZED = 401;

const KEYS_FAILED: InboundVerdict = {
  ok: false,
  reason: 'key_unavailable',
  detail: 'Verifying failed in a way that is not the sender’s fault.',
};

export function createFrontDoor(options: FrontDoorOptions): FrontDoor<Admitted> {
  return new Door(options);
}

class Door implements FrontDoor<Admitted> {
  readonly #options: FrontDoorOptions;
  readonly #refusals = new RefusalLimits();

  constructor(options: FrontDoorOptions) {
    this.#options = options;
  }

  admit(head: RequestHead): Admitted | Reply {
    const { gateOf, trustedProxies, clock } = this.#options;
    const address = clientAddress(head.peer, headerOf(head, 'x-forwarded-for'), trustedProxies);
    const gate = gateOf(head.token);
    const now = clock.monotonic();
    const waitMs = this.#refusals.waitOf(gate?.source.number ?? 0, address, now);
    if (gate === undefined) {
      if (waitMs > 0) return refusal('too_many_refusals', UNAUTHORIZED, retryAfter(waitMs));
      this.#refusals.refused(0, address, now);
      return UNKNOWN_TOKEN;
    }
    const refused = 'fault' in gate ? outOfOrder(gate) : this.#judge(gate, head, address, waitMs);
    if (refused !== undefined) return this.#turnAway({ gate, head, address }, refused);
    // Only a whole gate is not refused.
    const type = mediaType(headerOf(head, 'content-type'));
    return new Admitted(gate as Gate, head, address, type);
  }

  #judge(gate: Gate, head: RequestHead, address: string, waitMs: number): Refused | undefined {
    if (gate.source.status === 'paused') {
      return { reason: 'paused', detail: 'The source is paused.', waitMs: RETRY_PAUSED_MS };
    }
    if (waitMs > 0) {
      const detail = `Too many requests of ${address} were refused.`;
      return { reason: 'too_many_refusals', detail, waitMs };
    }
    if (gate.networks?.includes(address) === false) {
      return { reason: 'address_not_allowed', detail: `${address} is not in the ip_allowlist.` };
    }
    if (gate.certificate?.isShown(head) === false) {
      const detail = 'The client certificate that the source wants was not shown.';
      return { reason: 'wrong_certificate', detail };
    }
    const rateWaitMs = gate.rate === null ? 0 : take(gate.rate, this.#options.clock.monotonic());
    if (rateWaitMs > 0) {
      const detail = `More than ${gate.source.rateLimit} requests came within a second.`;
      return { reason: 'rate_limited', detail, waitMs: rateWaitMs };
    }
    return judgeForm(gate, head);
  }

  refuseBody(admitted: Admitted, failure: BodyFailure, bytes: number): Reply {
    const detail = {
      payload_too_large: `The body is larger than ${admitted.maxBodyBytes} bytes.`,
      slow_body: `Only ${bytes} bytes had arrived when the time was up.`,
      too_busy: 'Too many bytes of unfinished requests were held already.',
    }[failure];
    const waitMs = failure === 'too_busy' ? RETRY_BUSY_MS : undefined;
    return this.#turnAway(admitted, { reason: failure, detail, waitMs }, { bodyBytes: bytes });
  }

  take(admitted: Admitted, body: Buffer, done: (reply: Reply) => void): void {
    const url = this.#options.publicUrl() + admitted.head.target;
    const arrival = new Arrival(admitted, url, body, done);
    this.#guarded(arrival, () => this.#enter(arrival));
  }

  #enter(arrival: Arrival): void {
    const now = this.#options.clock.now();
    const answer = askHandshake(arrival);
    const { method } = arrival;
    if (answer !== null) {
      const agree = () => this.#agree(arrival, answer);
      if (answer.requiresSignature) this.#verify(arrival, now, agree);
      else agree();
      return;
    }
    if (isEventMethod(method)) this.#verify(arrival, now, () => this.#publish(arrival));
    else this.#refuse(arrival, notAnEvent(method));
  }

  #verify(arrival: Arrival, now: number, verified: () => void): void {
    const { verifier } = arrival.gate;
    if (verifier === null) return verified();
    const verdict = verifier.verify(arrival, now);
    if (!(verdict instanceof Promise)) return this.#follow(arrival, verdict, verified);
    verdict
      .catch((error: unknown) => {
        this.#options.onError(error);
        return KEYS_FAILED;
      })
      .then((later) => this.#guarded(arrival, () => this.#follow(arrival, later, verified)))
      .catch(this.#options.onError);
  }

  #follow(arrival: Arrival, verdict: InboundVerdict, verified: () => void): void {
    if (verdict.ok) return verified();
    const { reason, detail } = verdict;
    const waitMs = reason === 'key_unavailable' ? RETRY_KEYS_MS : undefined;
    this.#refuse(arrival, { reason, detail, waitMs });
  }

  /** Whatever goes wrong must still be answered, and never with a 2xx. */
  #guarded(arrival: Arrival, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onError(error);
      arrival.done(refusal('unavailable', UNAUTHORIZED, retryAfter(RETRY_BUSY_MS)));
    }
  }

  #agree(arrival: Arrival, answer: HandshakeAnswer): void {
    const { admitted, done } = arrival;
    const { reply, refused } = answer;
    if (refused !== null) {
      this.#note(admitted, 'rejected', { reason: 'handshake_refused', detail: refused }, {});
      return done(reply);
    }
    this.#conclude(arrival, answer)
      .then(() => {
        const told = { reason: 'handshake', detail: `Answered with ${reply.status}.` } as const;
        this.#note(admitted, 'handshake', told, { bodyBytes: arrival.body.length });
        return done(reply);
      })
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        const detail = `The handshake could not be concluded: ${why}`;
        this.#refuse(arrival, { reason: 'handshake_failed', detail, waitMs: RETRY_KEYS_MS });
      });
  }

  /** What must have happened before the provider may take it that we agree. */
  async #conclude({ gate }: Arrival, { newSecret, confirm }: HandshakeAnswer): Promise<void> {
    if (newSecret !== undefined) await this.#options.keepSecret(gate.source, newSecret);
    if (confirm !== undefined) await this.#options.confirm(confirm);
  }

  #publish(arrival: Arrival): void {
    const { gate, content } = arrival;
    if (!content.ok) {
      return this.#refuse(arrival, { reason: 'malformed_body', detail: content.detail });
    }
    const identity = gate.identify(arrival, content);
    this.#options.publisher.publish(publicationOf(arrival, content, identity), (result) => {
      if (result.kind === 'accepted') arrival.done(gate.accepted);
      else this.#settle(arrival, identity, result);
    });
  }

  #settle(
    arrival: Arrival,
    { providerEventId }: Identity,
    result: Exclude<PublishResult, { kind: 'accepted' }>,
  ): void {
    if (result.kind !== 'duplicate') return this.#refuse(arrival, refusedBy(result));
    const { id } = result;
    const eventSequence = parseEventId(id)?.sequence ?? null;
    const more = { eventSequence, eventId: id, providerEventId, bodyBytes: arrival.body.length };
    const told = { reason: 'duplicate', detail: `It repeats ${id}.` } as const;
    this.#note(arrival.admitted, 'duplicate', told, more);
    arrival.done(arrival.gate.accepted);
  }

  /** With the body, because the owner of the source wants to see what came. */
  #refuse(arrival: Arrival, refused: Refused): void {
    const { admitted, body, done } = arrival;
    const kept = storedBody(body, arrival.gate.source.secrets);
    done(this.#turnAway(admitted, refused, { body: kept, bodyBytes: body.length }));
  }

  #turnAway(where: Knock, refused: Refused, more: Partial<NewInbound> = {}): Reply {
    const { gate, address } = where;
    const { reason } = refused;
    if (FORGERIES.has(reason)) this.#countForgery(gate.source, address);
    this.#note(where, 'rejected', refused, more);
    return replyOf('fault' in gate ? UNAUTHORIZED : gate.failureStatus, refused);
  }

  #countForgery({ number }: Source, address: string): void {
    this.#refusals.refused(number, address, this.#options.clock.monotonic());
  }

  #note(
    { gate, head, address }: Knock,
    status: RecordedInboundStatus,
    told: { readonly reason: RefusalReason | OtherReason; readonly detail: string },
    more: Partial<NewInbound>,
  ): void {
    const { source } = gate;
    this.#options.noted.add(source, status, told.reason, () => ({
      tenant: source.tenant,
      source: source.number,
      receivedAt: this.#options.clock.now(),
      status,
      reason: told.reason,
      detail: told.detail,
      eventSequence: null,
      eventId: null,
      providerEventId: null,
      method: head.method,
      headers: keptHeaders(head.rawHeaders, source.secrets),
      body: null,
      bodyBytes: 0,
      remoteAddress: address,
      ...more,
    }));
  }
}

type OtherReason = 'duplicate' | 'handshake' | 'handshake_refused';

/** Somebody at the door of a source. */
interface Knock {
  readonly gate: Gate | BrokenGate;
  readonly head: RequestHead;
  readonly address: string;
}

function outOfOrder({ fault }: BrokenGate): Refused {
  return { reason: 'unusable', detail: fault, waitMs: RETRY_UNUSABLE_MS };
}

/** Only where there may be a handshake, the body is read before it is verified. */
function askHandshake(arrival: Arrival): HandshakeAnswer | null {
  const { handshake } = arrival.gate;
  if (handshake === null) return null;
  const { content } = arrival;
  return handshake(arrival, content.ok ? content.json : undefined);
}
