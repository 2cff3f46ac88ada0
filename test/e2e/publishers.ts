/** Publishers that do what the docs ask: repeat with the same key until there is a 202. */
import { call, objectIn } from './call.ts';

/** Makes a commit take long enough for a kill to hit it. */
const FILLER_CHARS = 4_000;

interface Options {
  /** Read for each request. */
  readonly url: string;
  readonly adminKey: string;
  /** Of all events, or by number. */
  readonly eventType: string | ((number: number) => string);
  readonly fillerChars?: number;
  readonly events: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** Told of each 202, and whose it is. */
  readonly onAcked?: (id: string, url: string) => void;
  /** Resolves when it makes sense to try again. */
  readonly serverIsUp: () => Promise<void>;
}

export class Publishers {
  /** Number of the event → id from its 202. */
  readonly acked = new Map<number, string>();
  /** 202s that said the event had been stored before. */
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

  /**
   * Publishes every n-th event once more, as who never saw its 202 would.
   *
   * @throws Error when one is taken for new.
   */
  async repeatEvery(n: number): Promise<void> {
    const repeated = [...this.acked].filter(([number]) => number % n === 0);
    const before = this.duplicates;
    for (const [number, id] of repeated) {
      await this.#publish(number);
      if (this.acked.get(number) !== id) throw new Error(`event ${number} got a second id`);
    }
    const taken = this.duplicates - before;
    if (taken !== repeated.length)
      throw new Error(`${taken} of ${repeated.length} were duplicates`);
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
      while (!(await this.#publish(number))) {
        this.failures += 1;
        await serverIsUp();
      }
    }
  }

  /** @returns whether there was a 202. @throws Error for an answer that calls for no repetition. */
  async #publish(number: number): Promise<boolean> {
    const { eventType, fillerChars = FILLER_CHARS, onAcked } = this.#options;
    const type = typeof eventType === 'string' ? eventType : eventType(number);
    const { url, adminKey } = this.#options;
    const reply = await call({ url, adminKey }, '/v1/events', {
      body: { event_type: type, data: { filler: 'x'.repeat(fillerChars), number } },
      headers: { 'idempotency-key': `event-${number}` },
    }).catch(() => undefined);
    if (reply === undefined || reply.status === 503) return false;
    if (reply.status !== 202) throw new Error(`publishing got ${reply.status}: ${reply.text}`);
    const { id, duplicate } = objectIn(reply);
    if (duplicate === true) this.duplicates += 1;
    this.acked.set(number, String(id));
    onAcked?.(String(id), url);
    for (const { count, resolve } of this.#waiters) if (this.acked.size >= count) resolve();
    return true;
  }
}
