/** An inbox of this server, from which an agent pulls: events go there by way of the store. */
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { MAX_INBOX_BYTES, MAX_INBOX_MESSAGES } from '../../domain/limits-streams.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { InboxLimits, InboxStore, NewInboxMessage } from '../../storage/inbox.ts';
import type { Transformer } from '../../transform/port.ts';
import { Sending } from '../broker/sending.ts';
import type { AttemptJob, Destination, RunningAttempt } from '../destination.ts';
import { contentTypeOf, payloadOf, type PayloadOptions } from '../payload.ts';
import { TransformedAttempt } from '../transformed-attempt.ts';
import { InboxSlot } from './slot.ts';

interface Options {
  readonly inboxes: Pick<InboxStore, 'append'>;
  readonly clock: Clock;
  readonly transformer: Transformer;
  readonly payloads: PayloadOptions;
  readonly onError: (error: unknown) => void;
  /** Of each inbox. */
  readonly limits?: InboxLimits;
}

const LIMITS: InboxLimits = { messages: MAX_INBOX_MESSAGES, bytes: MAX_INBOX_BYTES };

type Done = (result: AttemptResult) => void;

export class InboxDestination implements Destination {
  readonly #options: Options;
  /** Those in use, by tenant and name. */
  readonly #slots = new Map<string, InboxSlot>();
  #isClosed = false;
  #drained: (() => void) | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  get #limits(): InboxLimits {
    return this.#options.limits ?? LIMITS;
  }

  attempt(job: AttemptJob, done: Done): RunningAttempt {
    const { transform, timeoutMs } = job.subscription;
    if (transform === null) return this.#send(job, null, timeoutMs, done);
    const { transformer } = this.#options;
    const send = this.#send.bind(this);
    return new TransformedAttempt({ job, transform, transformer, send, done });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#slots.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  #send(
    job: AttemptJob,
    transformed: Uint8Array | null,
    timeoutMs: number,
    done: Done,
  ): RunningAttempt {
    const { clock, payloads } = this.#options;
    const message = messageOf(job, transformed, payloads);
    const sending = new Sending(message, timeoutMs, () => clock.monotonic(), done);
    const { bytes } = this.#limits;
    if (this.#isClosed) sending.abort();
    else if (message.bytes <= bytes) this.#slotOf(job).send(sending);
    else {
      const detail = `an inbox holds up to ${bytes} bytes, and this message has more`;
      queueMicrotask(() => sending.fail('rejected', detail));
    }
    return sending;
  }

  #slotOf({ subscription: { tenant, destination } }: AttemptJob): InboxSlot {
    if (destination.kind !== 'inbox') {
      throw new TypeError(`A ${destination.kind} destination came to inbox`);
    }
    const { name: inbox } = destination;
    const key = `${tenant}/${inbox}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      const { inboxes, clock, onError } = this.#options;
      const limits = this.#limits;
      const onIdle = () => this.#rested(key);
      slot = new InboxSlot({ tenant, inbox, inboxes, limits, clock, onError, onIdle });
      this.#slots.set(key, slot);
    }
    return slot;
  }

  #rested(key: string): void {
    this.#slots.delete(key);
    if (this.#drained === null || this.#slots.size > 0) return;
    // What has just ended is told first.
    queueMicrotask(this.#drained);
    this.#drained = null;
  }
}

/** The envelope itself is not stored twice. */
function messageOf(
  job: AttemptJob,
  transformed: Uint8Array | null,
  payloads: PayloadOptions,
): NewInboxMessage {
  const { subscription, sequence, createdAt, attemptNumber, orderingKey } = job;
  const { body } = payloadOf(job, transformed, payloads);
  const isEnvelope = body === job.body;
  return {
    sequence,
    createdAt,
    subscription: subscription.number,
    attempt: attemptNumber,
    orderingKey,
    contentType: isEnvelope ? null : contentTypeOf(subscription.payloadFormat),
    bytes: body.length,
    body: isEnvelope ? null : body,
  };
}
