/** People of a simulation who want stored events once more, and change their minds. */
import type { MemoryData } from '../../src/storage/memory/store.ts';
import type { SimulatedEngine } from '../../src/testing/simulated-engine.ts';
import { replayRequest, TENANT } from '../../src/testing/simulated-world.ts';
import type { Dice } from './dice.ts';
import type { KnownReplay, Ledger } from './ledger.ts';

interface Options {
  readonly dice: Dice;
  readonly ledger: Ledger;
  readonly data: MemoryData;
  readonly note: (line: string) => void;
  readonly engine: () => SimulatedEngine;
}

export class Replayers {
  readonly #options: Options;
  /** Wishes whose answer is not known yet. */
  #open = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** A replay is under way, or may be. */
  get areBusy(): boolean {
    const { data, ledger } = this.#options;
    const isUnfinished = [...data.replays.values()].some(
      ({ status, dryRun }) => !dryRun && (status === 'planned' || status === 'running'),
    );
    return this.#open > 0 || isUnfinished || ledger.replays.some(({ upTo }) => upTo === Infinity);
  }

  async replay(): Promise<void> {
    const { dice, ledger, data, engine, note } = this.#options;
    const numbers = [...ledger.subscriptions.keys()];
    const request = replayRequest({
      statuses: dice.pick([null, ['exhausted'], ['cancelled', 'exhausted']] as const),
      subscription: dice.chance(0.3) ? dice.pick(numbers) : null,
    });
    const asked = ledger.replay();
    this.#open += 1;
    try {
      const { number } = await engine().replays.create(TENANT, request);
      asked.number = number;
      asked.upTo = data.replays.get(number)?.upTo ?? Infinity;
      note(`replay ${number}: ${JSON.stringify(request.statuses)} to ${request.subscription}`);
    } catch (error) {
      note(`no replay: ${String(error)}`);
      // Refused before anything was stored, most likely; the disk knows.
      if (data.replays.size === known(ledger)) asked.upTo = 0;
    }
    this.#open -= 1;
  }

  async callOff(): Promise<void> {
    const { dice, ledger, engine, note } = this.#options;
    const all = ledger.replays.filter(({ number }) => number !== undefined);
    if (all.length === 0) return;
    const asked = dice.pick(all);
    const { number = 0 } = asked;
    asked.cancelAsked = true;
    try {
      await engine().replays.cancel(TENANT, number);
      note(`called off ${number}`);
    } catch (error) {
      note(`not called off ${number}: ${String(error)}`);
    }
  }
}

/** Replays that are known to be stored. */
function known({ replays }: Ledger): number {
  return replays.filter(({ number }: KnownReplay) => number !== undefined).length;
}
