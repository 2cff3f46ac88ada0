/** One provider at the receiver's door: its handshake, its signature, and the event it brings. */
import { mediaTypeOf, readInboundBody } from '../../../src/protocol/inbound/body.ts';
import type { InboundBody } from '../../../src/protocol/inbound/body.ts';
import { compileVerifier } from '../../../src/protocol/inbound/compile.ts';
import { inboundEventType } from '../../../src/protocol/inbound/event-type.ts';
import { handshakeFor } from '../../../src/protocol/inbound/handshake/handshake.ts';
import type {
  Handshake,
  HandshakeReply,
} from '../../../src/protocol/inbound/handshake/handshake.ts';
import { derivedEventId, identityOf } from '../../../src/protocol/inbound/identity.ts';
import { locate, parseLocator } from '../../../src/protocol/inbound/locate.ts';
import type { ValueLocator } from '../../../src/protocol/inbound/locate.ts';
import type { InboundRequest } from '../../../src/protocol/inbound/request.ts';
import type { InboundVerifier, KeySource } from '../../../src/protocol/inbound/verifier.ts';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import type { Reply } from '../replies.ts';
import { textConfig } from './options.ts';
import type { ProviderChoice } from './options.ts';

/** What a provider sent, and the label that says whose words they are. */
export interface ProviderEvent extends WebhookEvent {
  /** As the provider calls it; absent where it gives none. */
  readonly provider_event_id?: string;
  /** Strangers wrote the data: a model must not obey it. */
  readonly trust: 'untrusted';
}

export interface ReceivedRequest extends InboundRequest {
  /** For events that are told by their headers alone. */
  readonly safeHeaders: (secrets: readonly string[]) => Readonly<Record<string, string>>;
}

export interface Refused {
  /** Null for what is wrong with a signature: the sender must not learn what. */
  readonly reason:
    | 'method_not_allowed'
    | 'unsupported_content_type'
    | 'malformed_body'
    | 'key_unavailable'
    | null;
  readonly status: number;
  /** For the log; never for the sender. */
  readonly detail: string;
  /** The request has nothing of this provider's: another one may know it. */
  readonly isForeign: boolean;
}

export interface DoorOptions extends ProviderChoice {
  readonly keys: KeySource;
  /** Given where the provider may hand over its secret. */
  readonly takesSecret: boolean;
}

const EVENT_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT']);
/** Failures that every provider is told by 400. */
const PLAIN_FAILURES: ReadonlySet<string> = new Set([
  'missing_signature',
  'missing_timestamp',
  'malformed_timestamp',
  'stale_timestamp',
  'future_timestamp',
]);

export class Door {
  readonly #options: DoorOptions;
  readonly #handshake: Handshake | null;
  readonly #typeAt: ValueLocator | null;
  readonly #idAt: ValueLocator | null;
  readonly #signsId: boolean;
  readonly #reply: Reply;
  #secrets: readonly string[];
  /** Null until the provider has handed over its secret. */
  #verifier: InboundVerifier | null;

  /** @throws TypeError for secrets and settings that can't be used. */
  constructor(options: DoorOptions) {
    const { provider, config } = options;
    this.#options = options;
    this.#secrets = options.secrets;
    this.#handshake = provider.handshake === null ? null : handshakeFor(provider.handshake);
    this.#typeAt = locatorOf(config['event_type_from'], provider.eventType);
    this.#idAt = locatorOf(config['event_id_from'], provider.eventId);
    this.#signsId = this.#idAt === provider.eventId ? provider.signsEventId : isInBody(this.#idAt);
    this.#reply = acceptedReply(options);
    const awaitsSecret = options.takesSecret && options.secrets.length === 0;
    this.#verifier = awaitsSecret ? null : this.#compile();
  }

  get name(): string {
    return this.#options.provider.id;
  }

  /** For an event that was taken, now or before. */
  get accepted(): Reply {
    return this.#reply;
  }

  body(request: InboundRequest, safeHeaders: ReceivedRequest['safeHeaders']): InboundBody {
    const type = mediaTypeOf(request.headers('content-type'));
    return readInboundBody(request.body, type, () => ({ headers: safeHeaders(this.#secrets) }));
  }

  /** Null where the request is no handshake. */
  handshake(request: InboundRequest, body: InboundBody): HandshakeReply | null {
    const context = { secrets: this.#secrets, config: textConfig(this.#options.config) };
    return this.#handshake?.answer(request, body.ok ? body.json : undefined, context) ?? null;
  }

  /** From now on requests are verified with it. */
  takeSecret(secret: string): void {
    this.#secrets = [secret];
    this.#verifier = this.#compile();
  }

  /** What keeps the request from being an event, as far as its head tells. */
  formProblem(request: InboundRequest): Refused | undefined {
    if (!EVENT_METHODS.has(request.method)) {
      const detail = `${request.method} brings no event, and is no handshake of ${this.name}.`;
      return { reason: 'method_not_allowed', status: 405, detail, isForeign: true };
    }
    const type = mediaTypeOf(request.headers('content-type'));
    if (request.body.length === 0 || this.#takes(type)) return undefined;
    const detail = `${this.name} does not send the content type "${type}".`;
    return { reason: 'unsupported_content_type', status: 415, detail, isForeign: true };
  }

  /** What is wrong with the signature. */
  async signatureProblem(request: InboundRequest, now: number): Promise<Refused | undefined> {
    const { authFailureStatus } = this.#options.provider;
    if (this.#verifier === null) {
      const detail = `${this.name} has not handed over its secret yet.`;
      return { reason: null, status: authFailureStatus, detail, isForeign: false };
    }
    const verdict = await this.#verifier.verify(request, now);
    if (verdict.ok) return undefined;
    const { reason, detail } = verdict;
    const isForeign = reason === 'missing_signature';
    if (reason === 'key_unavailable') return { reason, status: 503, detail, isForeign };
    if (reason === 'malformed_body') return { reason, status: 400, detail, isForeign };
    const status = PLAIN_FAILURES.has(reason) ? 400 : authFailureStatus;
    return { reason: null, status, detail: `${reason}: ${detail}`, isForeign };
  }

  /** @param body of the request, which can be read. */
  event(
    request: InboundRequest,
    body: Extract<InboundBody, { ok: true }>,
    now: number,
  ): ProviderEvent {
    const { provider, config } = this.#options;
    const at = (locator: ValueLocator | null) =>
      locator === null ? undefined : locate(locator, request, body.json);
    const { repeatsAreEvents } = provider;
    const rules = { signsEventId: this.#signsId, repeatsAreEvents };
    const { material, providerEventId } = identityOf(request, at(this.#idAt), rules);
    const fixed = config['event_type'];
    return {
      webhook_id: derivedEventId(provider.id, material ?? crypto.randomUUID()),
      event_type:
        typeof fixed === 'string' ? fixed : inboundEventType(provider.id, at(this.#typeAt)),
      timestamp: new Date(now).toISOString(),
      ...(providerEventId !== null && { provider_event_id: providerEventId }),
      trust: 'untrusted',
      data: body.data,
    };
  }

  #compile(): InboundVerifier {
    const { provider, config, keys, allowUnsigned, toleranceSeconds } = this.#options;
    if (provider.scheme.kind === 'none' && !allowUnsigned) {
      throw new TypeError(
        `${provider.name} does not sign, so anybody who knows the URL could send. If that is ` +
          'what you want, give the receiver `allowUnsigned: true`',
      );
    }
    return compileVerifier(provider.scheme, {
      secrets: this.#secrets,
      config: textConfig(config),
      keys,
      toleranceSeconds,
    });
  }

  #takes(type: string): boolean {
    const { bodyTypes } = this.#options.provider;
    if (bodyTypes.includes('*') || bodyTypes.includes(type)) return true;
    return type.endsWith('+json') && bodyTypes.includes('application/json');
  }
}

function locatorOf(text: unknown, own: ValueLocator | null): ValueLocator | null {
  if (text === undefined) return own;
  if (typeof text !== 'string') throw new TypeError('A place in a request is written as text');
  return parseLocator(text);
}

/** What stands in the body is signed with it. */
function isInBody(locator: ValueLocator | null): boolean {
  return (locator?.alternatives ?? []).every((parts) => parts.every(({ from }) => from === 'json'));
}

function acceptedReply({ provider: { reply } }: DoorOptions): Reply {
  const { status, contentType = 'text/plain; charset=utf-8', body = '' } = reply ?? { status: 200 };
  return { status, headers: body === '' ? {} : { 'content-type': contentType }, body };
}
