/** The real world behind the ports to time and randomness. */
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (length) => randomBytes(length),
};
