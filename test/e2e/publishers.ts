/** Publishers that do what the documentation asks: repeat with the same key until there is a 202. */
import { call, objectIn } from './call.ts';

interface Options {
  readonly url: string;
  readonly adminKey: string;
  readonly eventType: string;
  readonly events: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** Resolves when it makes sense to try again. */
  readonly serverIsUp: () => Promise<void>;
}

export class Publishers {
  /** Number of the event → id from its 202. */
  readonly acked = new Map<number, string>();
  /** 202s that said the event had been stored before: committed, but the answer never came. */
  duplicates = 0;
  /** Requests that ended without a 202. */
  failures = 0;
  readonly #options: Options;
  #next = 0;
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** Resolves when every event has its 202. */
  async run(): Promise<void> {
    const { concurrency } = this.#options;
    await Promise.all(Array.from({ length: concurrency }, () => this.#publishAll()));
  }

  /** Resolves in the turn in which that many events have their 202. */
  ackedCount(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ count, resolve });
    });
  }

  async #publishAll(): Promise<void> {
    const { events, serverIsUp } = this.#options;
    for (;;) {
      const number = this.#next;
      if (number >= events) return;
      this.#next += 1;
      // oxlint-disable-next-line no-await-in-loop -- one request at a time
      while (!(await this.#publish(number))) {
        this.failures += 1;
        // oxlint-disable-next-line no-await-in-loop -- one request at a time
        await serverIsUp();
      }
    }
  }

  /** @returns whether there was a 202. @throws Error for an answer that calls for no repetition. */
  async #publish(number: number): Promise<boolean> {
    const { eventType } = this.#options;
    const reply = await call(this.#options, '/v1/events', {
      body: { event_type: eventType, data: { number } },
      headers: { 'idempotency-key': `event-${number}` },
    }).catch(() => undefined);
    if (reply === undefined || reply.status === 503) return false;
    if (reply.status !== 202) throw new Error(`publishing got ${reply.status}: ${reply.text}`);
    const { id, duplicate } = objectIn(reply);
    if (duplicate === true) this.duplicates += 1;
    this.acked.set(number, String(id));
    for (const { count, resolve } of this.#waiters) if (this.acked.size >= count) resolve();
    return true;
  }
}
