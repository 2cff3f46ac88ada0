/** What the publishers and owners of a simulation were told, kept apart from the engine. */
import type { Publication, PublishResult } from '../../src/accept/publication.ts';
import { compilePatterns } from '../../src/domain/routing.ts';
import type { FilterDocument, Subscription } from '../../src/domain/subscription.ts';

export interface KnownSubscription {
  readonly number: number;
  readonly wants: (eventType: string) => boolean;
  /** What its filter says to the wish of this number. */
  readonly takes: (wish: number) => boolean;
  /** The newest the engine gave out. */
  current: Subscription;
  status: 'active' | 'paused' | 'disabled' | 'deleted';
  /** A change of it failed: what the disk holds shows at the next start. */
  isDoubtful: boolean;
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

/** A replay that somebody asked for, whatever came of it. */
export interface KnownReplay {
  /** Undefined while, or because, nobody knows whether it was made. */
  number: number | undefined;
  /** It touches nothing above this sequence. */
  upTo: number;
  /** Subscriptions that could hear it. */
  readonly subscriptions: readonly number[];
  cancelAsked: boolean;
}

interface KnownFilter {
  readonly document: FilterDocument | null;
  readonly takes: (wish: number) => boolean;
}

/** Filters, and what they mean, said without them. */
export const FILTERS: readonly KnownFilter[] = [
  { document: null, takes: () => true },
  { document: { data: { wish: { $lt: 30 } } }, takes: (wish) => wish < 30 },
  { document: { $not: { data: { even: true } } }, takes: (wish) => wish % 2 === 1 },
];

function takesOf(filter: FilterDocument | null): KnownFilter['takes'] {
  const text = JSON.stringify(filter);
  const known = FILTERS.find(({ document }) => JSON.stringify(document) === text);
  if (known === undefined) throw new Error(`nobody asked for the filter ${text}`);
  return known.takes;
}

/** `data` of a wish: what the filters look at. */
export function dataOf(wish: number): string {
  return `{"wish": ${wish},"even":${wish % 2 === 0}}`;
}

export class Ledger {
  readonly subscriptions = new Map<number, KnownSubscription>();
  readonly wishes: Wish[] = [];
  readonly replays: KnownReplay[] = [];
  readonly #asked = new Map<string, Asked>();

  created(subscription: Subscription): void {
    const { number, eventTypes } = subscription;
    const wants = compilePatterns(eventTypes);
    this.subscriptions.set(number, {
      number,
      wants,
      takes: takesOf(subscription.filter),
      current: subscription,
      status: 'active',
      isDoubtful: false,
    });
  }

  /** A new process has read what the disk holds. */
  found(engine: readonly number[], byNumber: (number: number) => Subscription | undefined): void {
    for (const number of engine) {
      const current = byNumber(number);
      const known = this.subscriptions.get(number);
      // One whose creation was said to have failed.
      if (known === undefined && current !== undefined) this.created(current);
      // It was disabled a moment before the process died, and nobody was told any more.
      const isDisabled = current?.status === 'disabled' && known?.status === 'active';
      if (known === undefined || !(known.isDoubtful || isDisabled)) continue;
      const status = current?.status ?? 'deleted';
      known.status = status === 'pending_challenge' ? 'paused' : status;
      known.isDoubtful = false;
    }
  }

  /** The subscriptions that want the event at this moment. */
  matching({ number: wish, publication }: Wish): number[] {
    return [...this.subscriptions.values()]
      .filter(({ status, wants }) => status !== 'deleted' && wants(publication.eventType))
      .filter(({ takes }) => takes(wish))
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
    if (result.kind === 'refused') return `wish ${wish.number} met a rule that nobody made`;
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

  /** Somebody wants stored events once more: what was cancelled may be sent again. */
  replay(): KnownReplay {
    for (const asked of this.#asked.values()) asked.confirmedCancel = false;
    const subscriptions = [...this.subscriptions.values()]
      .filter(({ status, isDoubtful }) => status !== 'deleted' && !isDoubtful)
      .map(({ number }) => number);
    const upTo = Number.POSITIVE_INFINITY;
    const replay = { number: undefined, upTo, subscriptions, cancelAsked: false };
    this.replays.push(replay);
    return replay;
  }

  /** Replays that may have sent an event again. */
  replaysOf(sequence: number): readonly KnownReplay[] {
    return this.replays.filter(({ upTo }) => sequence <= upTo);
  }

  /** How often one may have been sent again because somebody asked. */
  wanted(sequence: number, subscription: number): number {
    return this.asked(sequence, subscription).resends + this.replaysOf(sequence).length;
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
  const { id, idempotencyKey, inbound } = publication;
  return id !== undefined || idempotencyKey !== undefined || inbound !== undefined;
}
