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
  /** Of what is booked. */
  priceEur: number;
  /** When the first part failed, milliseconds since the Unix epoch. */
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
    const trip: Trip = {
      id,
      waiting: [...PARTS],
      open: new Set(),
      priceEur: 0,
      failedAt: undefined,
      ended: Promise.withResolvers(),
    };
    this.#trips.set(id, trip);
    const first = trip.waiting.splice(0, order === 'in turn' ? 1 : PARTS.length);
    say('assistant', `On it! Looking for ${list(first.map((part) => LOOKING_FOR[part]))}…`);
    await Promise.all(first.map((part) => this.#request(trip, part)));
    return trip.ended.promise;
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
    trip.waiting = later;
    const then = next === undefined ? '' : ` Now looking for ${LOOKING_FOR[next]}…`;
    say('assistant', `Your ${task.part} is booked!${then}`);
    if (next === undefined) endWhenDone(trip);
    else await this.#request(trip, next);
  }

  async #failed(task: Task): Promise<void> {
    const trip = this.#close(task);
    if (trip === undefined) return;
    trip.failedAt = task.at;
    trip.waiting = [];
    say('assistant', `I'm sorry, your ${task.part} could not be booked: ${task.note}.`);
    const others = [...trip.open];
    if (others.length > 0) say('assistant', `I'm stopping the rest now: ${list(others)}.`);
    await Promise.all(
      others.map((part) => {
        const data = { part, note: `the ${task.part} failed` };
        return this.#client.events.publish(taskEvent('task.cancel_requested', trip.id, data));
      }),
    );
    endWhenDone(trip);
  }

  #cancelled(task: Task): void {
    const trip = this.#close(task);
    if (trip === undefined) return;
    const afterMs = task.at - (trip.failedAt ?? task.at);
    say('assistant', `Your ${task.part}: ${task.note}, ${afterMs} ms after the failure.`);
    endWhenDone(trip);
  }

  /** The trip whose open task this was; `undefined` when there is nothing left to do about it. */
  #close({ tripId, part }: Task): Trip | undefined {
    const trip = this.#trips.get(tripId);
    return trip?.open.delete(part) ? trip : undefined;
  }
}

function endWhenDone(trip: Trip): void {
  if (trip.open.size > 0 || trip.waiting.length > 0) return;
  const booked = `${trip.priceEur} € together`;
  if (trip.failedAt === undefined) say('assistant', `All set, ${booked}. Have a good trip!`);
  else if (trip.priceEur > 0) say('assistant', `The rest stays booked, ${booked}: is that fine?`);
  else say('assistant', 'Nothing is booked and nothing is charged. Shall I try 15 May?');
  trip.ended.resolve();
}

/** `a, b and c` */
function list(words: readonly string[]): string {
  const [last = '', ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
}
