/** Looks for news and passes them on, in the order that keeps everybody right: see `look`. */
import type { ClusterListener, DeliveryWish, WishAnswer } from '../../cluster.ts';
import type { Database } from '../connection.ts';
import type { Adoptions } from './adoptions.ts';
import type { Lease } from './lease.ts';
import { forgetOldNews, lookForNews, type OpenRequest } from './news.ts';
import { answerRequest, ownerSlot, takeRequest, type Requests } from './requests.ts';
import type { NodeSession } from './session.ts';

/** Looks between two clearings of what is a day old. */
const LOOKS_PER_CLEARING = 1_000;

interface Options {
  readonly database: Database;
  readonly session: NodeSession;
  readonly lease: Lease;
  readonly adoptions: Adoptions;
  readonly requests: Requests;
  /** Undefined before the start and after the stop: then nothing is passed on. */
  readonly listener: () => ClusterListener | undefined;
  readonly decideHere: (wish: DeliveryWish, slot: number) => Promise<WishAnswer | undefined>;
  /** Where the first look begins. */
  readonly seenTo: string;
  readonly onError: (error: unknown) => void;
}

export class NewsDesk {
  readonly #options: Options;
  readonly #granting = new Map<string, Promise<void>>();
  #seenTo: string;
  /** Changes of the last look; while an old transaction runs the next one shows them again. */
  #passedOn: ReadonlySet<number> = new Set();
  #looking: Promise<void> | undefined;
  #again = false;
  #looks = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#seenTo = options.seenTo;
  }

  /**
   * What others wrote into the control plane is passed on before slots taken over and wishes: those
   * may be about a subscription that was created a moment ago.
   */
  look(): void {
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#looking = this.#lookAll()
      .catch(this.#options.onError)
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Resolves when nothing is being passed on. */
  async idle(): Promise<void> {
    await Promise.all([this.#looking, ...this.#granting.values()]);
  }

  async #lookAll(): Promise<void> {
    do {
      this.#again = false;
      const listener = this.#options.listener();
      if (listener === undefined) return;
      await this.#lookOnce(listener);
    } while (this.#again);
    this.#looks += 1;
    if (this.#looks % LOOKS_PER_CLEARING === 0) await forgetOldNews(this.#options.database);
  }

  async #lookOnce(listener: ClusterListener): Promise<void> {
    const { session, lease, adoptions, requests } = this.#options;
    // Before the look: what it does not show was written after these were taken over.
    const adopted = adoptions.unannounced();
    const news = await lookForNews(session, this.#seenTo, lease.slots(), requests.ids());
    for (const { id, answer } of news.answers) requests.answered(id, answer);
    const changes = news.changes.filter(({ id }) => !this.#passedOn.has(id));
    if (changes.length > 0) await listener.changed(changes);
    this.#passedOn = new Set(news.changes.map(({ id }) => id));
    this.#seenTo = news.seenTo;
    for (const one of adopted) await adoptions.announce(one, listener);
    for (const request of news.requests) this.#grant(request);
  }

  #grant(request: OpenRequest): void {
    if (this.#granting.has(request.id)) return;
    const granting = this.#carryOut(request)
      .catch(this.#options.onError)
      .finally(() => this.#granting.delete(request.id));
    this.#granting.set(request.id, granting);
  }

  async #carryOut({ id, ...wish }: OpenRequest): Promise<void> {
    const { database, decideHere, onError } = this.#options;
    if (!(await takeRequest(database, id))) return;
    try {
      const answer = await decideHere(wish, await ownerSlot(database, wish));
      await answerRequest(database, id, answer);
    } catch (error) {
      onError(error);
      const why = 'It went wrong at the node that decides about this delivery; see its log.';
      await answerRequest(database, id, { kind: 'failed', why });
    }
  }
}
