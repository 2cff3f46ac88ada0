/**
 * Talks to the user and never asks "anything new?": each line is the reaction to an event. Events
 * may come twice or overtake each other, so it acts on a task only while it knows it to be open.
 */
import type { Bellwire } from '../../sdk/client/index.ts';
import type { Handlers } from '../../sdk/receiver/index.ts';
import { say } from './screen.ts';
import { PARTS, readTask, taskEvent } from './task.ts';
import type { Part, Task } from './task.ts';

interface Trip {
  readonly id: string;
  /** Not asked for yet. */
  waiting: Part[];
  /** Asked for and not ended. */
  readonly open: Set<Part>;
  priceEur: number;
  failedAt: number | undefined;
  readonly ended: PromiseWithResolvers<void>;
}

const LOOKING_FOR: Record<Part, string> = {
  flight: 'flights',
  hotel: 'hotels',
  car: 'a rental car',
};

export class Assistant {
  readonly #client: Bellwire;
  readonly #trips = new Map<string, Trip>();

  readonly on: Handlers = {
    'task.progress': (event) => this.#progress(readTask(event)),
    'task.completed': (event) => this.#completed(readTask(event)),
    'task.failed': (event) => this.#failed(readTask(event)),
    'task.cancelled': (event) => this.#cancelled(readTask(event)),
  };

  constructor(client: Bellwire) {
    this.#client = client;
  }

  /** Resolves when every part of the trip is booked, failed or cancelled. */
  async plan(id: string, order: 'in turn' | 'all at once'): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const trip: Trip = {
      id,
      waiting: [...PARTS],
      open: new Set(),
      priceEur: 0,
      failedAt: undefined,
      ended,
    };
    this.#trips.set(id, trip);
    const first = trip.waiting.splice(0, order === 'in turn' ? 1 : PARTS.length);
    say('assistant', `On it! Looking for ${list(first.map((part) => LOOKING_FOR[part]))}…`);
    await Promise.all(first.map((part) => this.#request(trip, part)));
    return ended.promise;
  }

  async #request(trip: Trip, part: Part): Promise<void> {
    trip.open.add(part);
    const data = { part, note: 'Lisbon, 14 to 17 May' };
    await this.#client.events.publish(taskEvent('task.requested', trip.id, data));
  }

  #progress(task: Task): void {
    const trip = this.#trips.get(task.tripId);
    if (trip?.open.has(task.part)) say('assistant', `Your ${task.part}: ${task.note}…`);
  }

  async #completed(task: Task): Promise<void> {
    const trip = this.#close(task);
    if (trip === undefined) return;
    trip.priceEur += task.price_eur;
    const [next, ...later] = trip.waiting;
    if (next === undefined) {
      const total = `All set for Lisbon, ${trip.priceEur} € together. Have a good trip!`;
      say('assistant', `Your ${task.part} is booked! ${total}`);
      trip.ended.resolve();
      return;
    }
    say('assistant', `Your ${task.part} is booked! Now looking for ${LOOKING_FOR[next]}…`);
    trip.waiting = later;
    await this.#request(trip, next);
  }

  async #failed(task: Task): Promise<void> {
    const trip = this.#close(task);
    if (trip === undefined) return;
    trip.failedAt = task.at;
    const others = [...trip.open];
    say('assistant', `I'm sorry, your ${task.part} could not be booked: ${task.note}.`);
    say('assistant', `Without it you need no ${others.join(' and no ')}: stopping them now.`);
    await Promise.all(
      others.map((part) => {
        const data = { part, note: `the ${task.part} failed` };
        return this.#client.events.publish(taskEvent('task.cancel_requested', trip.id, data));
      }),
    );
  }

  #cancelled(task: Task): void {
    const trip = this.#close(task);
    if (trip?.failedAt === undefined) return;
    const afterMs = task.at - trip.failedAt;
    say('assistant', `Your ${task.part}: ${task.note}, ${afterMs} ms after the failure.`);
    if (trip.open.size > 0) return;
    say('assistant', 'Nothing is booked and nothing is charged. Shall I try 15 May?');
    trip.ended.resolve();
  }

  /** The trip whose open task this was, or `undefined` when there is nothing left to do about it. */
  #close({ tripId, part }: Task): Trip | undefined {
    const trip = this.#trips.get(tripId);
    return trip?.open.delete(part) ? trip : undefined;
  }
}

/** `a, b and c` */
function list(words: readonly string[]): string {
  const [last = '', ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
}
