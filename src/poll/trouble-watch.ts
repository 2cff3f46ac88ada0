/** Notices sources whose polls keep failing, and tells once for each time of trouble. */
import { POLL_FAILURES_BEFORE_ALARM } from '../domain/limits-poll.ts';
import type { PollTrouble } from './ports.ts';
import type { Watched } from './watched.ts';

export class TroubleWatch {
  readonly #tell: (trouble: PollTrouble) => void;

  constructor(tell: (trouble: PollTrouble) => void) {
    this.#tell = tell;
  }

  /** As it stood when it was stored: whoever cares has been told. */
  restore({ owner, resource, state }: Watched): void {
    if (isTrouble(state.failures)) owner.failing.add(resource.name);
  }

  /** After a poll. @param at wall clock, milliseconds. */
  observe({ owner, resource, state }: Watched, at: number): void {
    const { failing, source } = owner;
    const wasFailing = failing.size > 0;
    if (isTrouble(state.failures)) failing.add(resource.name);
    else if (state.failures === 0) failing.delete(resource.name);
    const isFailing = failing.size > 0;
    if (isFailing === wasFailing) return;
    const kind = isFailing ? 'failing' : 'recovered';
    this.#tell({ kind, source, resource: resource.name, reason: state.reason, at });
  }
}

function isTrouble(failures: number): boolean {
  return failures >= POLL_FAILURES_BEFORE_ALARM;
}
