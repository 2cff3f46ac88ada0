/**
 * The way into one inbox. What comes while a transaction runs goes in together with the next one,
 * so that transactions grow with the load and nobody waits for one to fill.
 */
import { BROKER_DEADLINE_TICK_MS } from '../../domain/limits-destinations.ts';
import { MAX_INBOX_BATCH_BYTES, MAX_INBOX_BATCH_MESSAGES } from '../../domain/limits-streams.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type {
  AppendOutcome,
  InboxLimits,
  InboxStore,
  NewInboxMessage,
} from '../../storage/inbox.ts';
import { StorageError } from '../../storage/storage.ts';
import type { PublishOutcome } from '../broker/adapter.ts';
import type { Sending } from '../broker/sending.ts';

interface Options {
  readonly tenant: number;
  readonly inbox: string;
  readonly inboxes: Pick<InboxStore, 'append'>;
  readonly limits: InboxLimits;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Nothing waits and nothing is under way; it is not used again. */
  readonly onIdle: () => void;
}

type Appending = Sending<NewInboxMessage>;

export class InboxSlot {
  readonly #options: Options;
  readonly #waiting = new Set<Appending>();
  /** In the transaction that runs. */
  #running: readonly Appending[] = [];
  #tick: Timer | null = null;
  #isOver = false;

  constructor(options: Options) {
    this.#options = options;
  }

  send(appending: Appending): void {
    this.#waiting.add(appending);
    this.#tick ??= this.#nextTick();
    // Behind what is being started right now, so that it goes in together.
    if (this.#waiting.size === 1) queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    if (this.#isOver || this.#running.length > 0) return;
    const batch = this.#takeBatch();
    if (batch.length === 0) return this.#rest();
    this.#running = batch;
    const { inboxes, tenant, inbox, limits, clock } = this.#options;
    const messages = batch.map(({ message }) => message);
    inboxes.append({ tenant, inbox, messages, limits, now: clock.now() }).then(
      (outcomes) => this.#ended(batch, (index) => this.#outcomeOf(outcomes[index])),
      (error: unknown) => {
        const failure = this.#failureOf(error);
        this.#ended(batch, () => failure);
      },
    );
  }

  #rest(): void {
    this.#isOver = true;
    this.#tick?.cancel();
    this.#options.onIdle();
  }

  #takeBatch(): Appending[] {
    const batch: Appending[] = [];
    let bytes = 0;
    for (const appending of this.#waiting) {
      if (!appending.hasEnded) {
        bytes += appending.message.body?.length ?? 0;
        const isFull = batch.length >= MAX_INBOX_BATCH_MESSAGES || bytes > MAX_INBOX_BATCH_BYTES;
        if (isFull && batch.length > 0) break;
        batch.push(appending);
      }
      this.#waiting.delete(appending);
    }
    return batch;
  }

  #ended(batch: readonly Appending[], outcome: (index: number) => PublishOutcome): void {
    this.#running = [];
    // First the next transaction, then what follows from this one.
    this.#pump();
    for (const [index, appending] of batch.entries()) appending.settle(outcome(index));
  }

  #outcomeOf(outcome: AppendOutcome | undefined): PublishOutcome {
    const { inbox, limits } = this.#options;
    if (outcome === 'stored') return { taken: true, detail: `in the inbox ${inbox}` };
    if (outcome === 'known') return { taken: true, detail: `in the inbox ${inbox} already` };
    const most = `${limits.messages} messages and ${limits.bytes} bytes`;
    const detail = `the inbox ${inbox} is full: it holds up to ${most}`;
    return { taken: false, reason: 'inbox_full', detail };
  }

  #failureOf(error: unknown): PublishOutcome {
    const failure = error instanceof StorageError ? error.failure : 'broken';
    if (failure === 'full') {
      return { taken: false, reason: 'overloaded', detail: 'the store of this server is full' };
    }
    if (failure === 'closed') {
      return { taken: false, reason: 'reset', detail: 'aborted by shutdown' };
    }
    if (failure === 'broken') this.#options.onError(error);
    return { taken: false, reason: 'connect', detail: 'the store could not be used just now' };
  }

  #nextTick(): Timer {
    const { clock } = this.#options;
    return clock.setTimer(BROKER_DEADLINE_TICK_MS, () => {
      const now = clock.monotonic();
      for (const appending of [...this.#waiting, ...this.#running]) {
        if (appending.hasEnded || appending.deadline > now) continue;
        const detail = `the store had not confirmed it within ${appending.timeoutMs} ms`;
        appending.fail('timeout', detail);
      }
      this.#tick = this.#nextTick();
    });
  }
}
