/** A clock that stands still until a test moves it. */
import type { Clock } from '../clock.ts';

export interface ManualClock extends Clock {
  /** Moves time and runs, in order of their due times, the timers that fall due. */
  advance(ms: number): void;
  /** Timers not yet run. */
  readonly waiting: number;
}

interface Entry {
  readonly dueAt: number;
  readonly run: () => void;
}

export function manualClock(startMs: number): ManualClock {
  let now = startMs;
  const timers = new Set<Entry>();

  function nextDue(until: number): Entry | undefined {
    let first: Entry | undefined;
    for (const timer of timers) {
      if (timer.dueAt <= until && (first === undefined || timer.dueAt < first.dueAt)) first = timer;
    }
    return first;
  }

  return {
    now: () => now,
    setTimer(delayMs, run) {
      const entry = { dueAt: now + delayMs, run };
      timers.add(entry);
      return { cancel: () => timers.delete(entry) };
    },
    advance(ms) {
      const until = now + ms;
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due);
        now = due.dueAt;
        due.run();
      }
      now = until;
    },
    get waiting() {
      return timers.size;
    },
  };
}
