/** Works for minutes in real life: takes orders, reports what happens, stops when it is told to. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bellwire } from '../../sdk/client/index.ts';
import type { Handlers } from '../../sdk/receiver/index.ts';
import { say } from './screen.ts';
import { readTask, taskEvent, taskIdOf } from './task.ts';
import type { Part, Task, TaskEventType } from './task.ts';

export interface Plan {
  /** What it finds on the way, each with the time it takes. */
  readonly steps: readonly { readonly ms: number; readonly note: string }[];
  readonly end: {
    readonly type: 'task.completed' | 'task.failed';
    readonly note: string;
    readonly price_eur?: number;
  };
}

/** By trip, then by part. */
export type Plans = Readonly<Record<string, Readonly<Record<Part, Plan>>>>;

export interface TravelAgentOptions {
  readonly client: Bellwire;
  readonly plans: Plans;
  /** Stretches or shrinks the time its work takes. */
  readonly pace: number;
}

export class TravelAgent {
  readonly #options: TravelAgentOptions;
  /** By task id. */
  readonly #running = new Map<string, AbortController>();

  readonly on: Handlers = {
    'task.requested': (event) => this.#work(readTask(event)),
    'task.cancel_requested': (event) => this.#running.get(idOf(readTask(event)))?.abort(),
  };

  constructor(options: TravelAgentOptions) {
    this.#options = options;
  }

  async #work(task: Task): Promise<void> {
    const plan = this.#options.plans[task.tripId]?.[task.part];
    if (plan === undefined) throw new Error(`There is no plan for ${idOf(task)}`);
    const cancel = new AbortController();
    this.#running.set(idOf(task), cancel);
    try {
      await this.#report('task.started', task, { note: task.note });
      for (const { ms, note } of plan.steps) {
        await pause(ms * this.#options.pace, undefined, { signal: cancel.signal });
        await this.#report('task.progress', task, { note });
      }
      await pause(LAST_STEP_MS * this.#options.pace, undefined, { signal: cancel.signal });
      await this.#report(plan.end.type, task, plan.end);
    } catch (error) {
      if (!cancel.signal.aborted) throw error;
      await this.#report('task.cancelled', task, { note: 'stopped before anything was paid' });
    } finally {
      this.#running.delete(idOf(task));
    }
  }

  async #report(
    type: TaskEventType,
    { part, tripId }: Task,
    { note, price_eur }: { readonly note: string; readonly price_eur?: number },
  ): Promise<void> {
    say('travel agent', `${part}: ${type} (${note})`);
    const data = price_eur === undefined ? { part, note } : { part, note, price_eur };
    await this.#options.client.events.publish(taskEvent(type, tripId, data));
  }
}

const LAST_STEP_MS = 600;

function idOf({ tripId, part }: Task): string {
  return taskIdOf(tripId, part);
}
