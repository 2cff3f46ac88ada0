/** How disk and receivers behave: drawn per seed, changing as the run goes on. */
import type { ControlFate } from '../../src/testing/faulty-control.ts';
import type { JournalFate, JournalOperation } from '../../src/testing/faulty-journal.ts';
import type { Reaction } from '../../src/testing/simulated-network.ts';
import type { Dice } from './dice.ts';

export type ReceiverMood =
  | 'healthy'
  | 'failing'
  | 'throttling'
  | 'hanging'
  | 'flaky'
  | 'lossy'
  | 'choosy'
  | 'gone';

const MOODS: Readonly<Record<ReceiverMood, number>> = {
  healthy: 8,
  failing: 4,
  throttling: 2,
  hanging: 2,
  flaky: 4,
  lossy: 2,
  choosy: 1,
  gone: 0.3,
};

/** Some seeds are all about the disk, some about the network: not every fault is in every seed. */
interface Climate {
  readonly slowDisk: boolean;
  readonly failBefore: number;
  readonly failAfter: number;
  readonly failRead: number;
  readonly moody: number;
  readonly slowReceivers: boolean;
}

const MAX_COMMIT_MS = 40;
const MAX_READ_MS = 12;

export class Weather {
  readonly #dice: Dice;
  readonly #climate: Climate;
  readonly #moods = new Map<string, ReceiverMood>();
  #diskFails = false;
  #calm = false;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#climate = {
      slowDisk: dice.chance(0.8),
      failBefore: dice.pick([0, 0.05, 0.3]),
      failAfter: dice.pick([0, 0, 0.05, 0.3]),
      failRead: dice.pick([0, 0, 0.05, 0.2]),
      moody: dice.pick([0.2, 0.5, 1]),
      slowReceivers: dice.chance(0.7),
    };
  }

  /** From here on nothing fails and everybody answers. */
  calm(): void {
    this.#calm = true;
  }

  change(targets: readonly string[]): void {
    const dice = this.#dice;
    this.#diskFails = dice.chance(0.3);
    for (const target of targets) {
      if (dice.chance(this.#climate.moody)) this.#moods.set(target, dice.weighted(MOODS));
    }
  }

  fate(operation: JournalOperation): JournalFate {
    const dice = this.#dice;
    const { slowDisk, failBefore, failAfter, failRead } = this.#climate;
    const most = operation === 'commit' ? MAX_COMMIT_MS : MAX_READ_MS;
    const beforeMs = slowDisk ? dice.between(0, most) : 0;
    const afterMs = slowDisk ? dice.between(0, most) : 0;
    if (this.#calm || !this.#diskFails) return { beforeMs, afterMs };
    const write = operation === 'commit' || operation === 'replayWrite';
    const failure = dice.weighted({ busy: 10, full: 10, broken: operation === 'commit' ? 1 : 0 });
    if (dice.chance(write ? failBefore : failRead)) {
      return { beforeMs, afterMs, fault: 'before', failure };
    }
    if (write && dice.chance(failAfter)) return { beforeMs, afterMs, fault: 'after', failure };
    return { beforeMs, afterMs };
  }

  /** What befalls the next write of a subscription. */
  controlFate(): ControlFate {
    const dice = this.#dice;
    if (this.#calm || !this.#diskFails) return {};
    const failure = dice.pick(['busy', 'full'] as const);
    if (dice.chance(this.#climate.failBefore)) return { fault: 'before', failure };
    return dice.chance(this.#climate.failAfter) ? { fault: 'after', failure } : {};
  }

  reaction(target: string): Reaction {
    const dice = this.#dice;
    const delayMs = this.#climate.slowReceivers ? dice.between(0, 400) : 0;
    switch (this.#calm ? 'healthy' : (this.#moods.get(target) ?? 'healthy')) {
      case 'healthy':
        return { status: 200, delayMs };
      case 'failing':
        return { status: dice.pick([500, 503, 404]), delayMs };
      case 'throttling':
        return { status: 429, delayMs, retryAfter: String(dice.between(0, 20)) };
      case 'hanging':
        return 'hang';
      case 'flaky':
        return { status: dice.pick([200, 200, 500]), delayMs };
      case 'lossy':
        return dice.chance(0.5)
          ? { reset: dice.pick(['request', 'answer'] as const), delayMs }
          : { status: 200, delayMs };
      case 'choosy':
        return dice.chance(0.3)
          ? { status: 422, delayMs, wish: 'abort' }
          : { status: 200, delayMs };
      case 'gone':
        return dice.pick<Reaction>([
          { status: 410, delayMs },
          { status: dice.pick([200, 500]), delayMs, wish: 'disable' },
          { status: 200, delayMs },
          { status: 200, delayMs },
          { status: 200, delayMs },
        ]);
    }
  }
}
