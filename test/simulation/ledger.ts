/** What the publishers and owners of a simulation were told, kept apart from the engine. */
import type { Publication, PublishResult } from '../../src/accept/publication.ts';
import { compilePatterns } from '../../src/domain/routing.ts';
import type { Subscription } from '../../src/domain/subscription.ts';

export interface KnownSubscription {
  readonly number: number;
  readonly wants: (eventType: string) => boolean;
  /** The newest the engine gave out. */
  current: Subscription;
  status: 'active' | 'paused' | 'disabled' | 'deleted';
}

/** One event somebody wanted to publish, with all tries to do so. */
export interface Wish {
  readonly number: number;
  readonly publication: Publication;
  /** The subscriptions it matched at each try. */
  readonly expected: (readonly number[])[];
  /** Tries whose answer is not known yet. */
  open: number;
  /** The id it was acknowledged under. */
  id: string | undefined;
}

/** What people asked for one delivery. */
export interface Asked {
  resends: number;
  /** Resends whose answer is not known yet. */
  open: number;
  cancels: number;
  /** A cancel was confirmed and nothing asked for since. */
  confirmedCancel: boolean;
}

export class Ledger {
  readonly subscriptions = new Map<number, KnownSubscription>();
  readonly wishes: Wish[] = [];
  readonly #asked = new Map<string, Asked>();

  created(subscription: Subscription): void {
    const { number, eventTypes } = subscription;
    const wants = compilePatterns(eventTypes);
    this.subscriptions.set(number, { number, wants, current: subscription, status: 'active' });
  }

  /** The subscriptions that want the event at this moment. */
  matching(publication: Publication): number[] {
    return [...this.subscriptions.values()]
      .filter(({ status, wants }) => status !== 'deleted' && wants(publication.eventType))
      .map(({ number }) => number);
  }

  wish(publication: Publication): Wish {
    const number = this.wishes.length + 1;
    const wish: Wish = { number, publication, expected: [], open: 0, id: undefined };
    this.wishes.push(wish);
    return wish;
  }

  /** @returns what is wrong with the answer, or undefined. */
  answered(wish: Wish, result: PublishResult): string | undefined {
    wish.open -= 1;
    if (result.kind === 'conflict') return `wish ${wish.number} conflicts with itself`;
    if (result.kind === 'unavailable') return undefined;
    if (wish.id !== undefined && wish.id !== result.id) {
      return `wish ${wish.number} became ${wish.id} and ${result.id}`;
    }
    wish.id = result.id;
    return undefined;
  }

  /** Questions to a dead process get no answer. */
  processEnded(): void {
    for (const wish of this.wishes) wish.open = 0;
    for (const asked of this.#asked.values()) asked.open = 0;
  }

  asked(sequence: number, subscription: number): Asked {
    const key = pairKey(sequence, subscription);
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = { resends: 0, open: 0, cancels: 0, confirmedCancel: false };
      this.#asked.set(key, asked);
    }
    return asked;
  }
}

export function pairKey(sequence: number, subscription: number): string {
  return `${sequence}/${subscription}`;
}

/** True when trying again can't make a second event. */
export function isRepeatable({ publication }: Wish): boolean {
  return publication.id !== undefined || publication.idempotencyKey !== undefined;
}
