/** When the next event is due: closed loop (now, until the end) or open loop (a plan). */
import type { Random } from './prng.ts';

export interface Schedule {
  /** Planned instant of the next event in µs; Infinity once the plan is over. */
  nextDue(nowMicros: number): number;
  /** Takes the next event off the plan. */
  advance(): void;
}

/** As fast as connections come free, until `endMicros`. It finds saturation, no latency. */
export function closedLoop(endMicros: number): Schedule {
  return {
    nextDue: (now) => (now < endMicros ? now : Number.POSITIVE_INFINITY),
    advance: () => undefined,
  };
}

/** Plan of an open loop: the n-th event is due at its time whether or not the server keeps up. */
export interface OpenLoopPlan {
  startMicros: number;
  endMicros: number;
  ratePerSecond: number;
  arrivals: 'constant' | 'poisson';
  random: Random;
}

export function openLoop(plan: OpenLoopPlan): Schedule {
  const meanGap = 1_000_000 / plan.ratePerSecond;
  const gap =
    plan.arrivals === 'constant' ? () => meanGap : () => -Math.log(1 - plan.random()) * meanGap;
  let due = plan.startMicros + gap();
  return {
    nextDue: () => (due < plan.endMicros ? due : Number.POSITIVE_INFINITY),
    advance: () => {
      due += gap();
    },
  };
}
