/**
 * One seed: the real engine over a simulated disk, network and clock, people who publish and
 * interfere, faults and crashes; then calm weather, and an account of every promise.
 */
import { targetOf } from '../../src/domain/destination.ts';
import { MemoryData } from '../../src/storage/memory/store.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { SimulatedEngine } from '../../src/testing/simulated-engine.ts';
import { SimulatedNetwork } from '../../src/testing/simulated-network.ts';
import { START_AT } from '../../src/testing/simulated-world.ts';
import { Dice } from './dice.ts';
import { finalAccount } from './final-account.ts';
import { isRepeatable, Ledger } from './ledger.ts';
import type { Mutant } from './mutants.ts';
import { Oracle } from './oracle.ts';
import { People, TARGETS } from './people.ts';
import { Replayers } from './replayers.ts';
import { Trace } from './trace.ts';
import { Weather } from './weather.ts';

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly traceHash: string;
  readonly traceTail: string;
  readonly events: number;
  readonly attempts: number;
  readonly crashes: number;
  readonly simulatedMs: number;
}

const MAX_STEPS = 90;
const MIN_STEPS = 40;
/** Longer than every schedule, cool-down, Retry-After and deliver_at of a simulation together. */
const CALM_MS = 1_800_000;
const CALM_AFTER_MS = 1_000;
const CALM_STEP_MS = 60_000;
const DRAIN_STEP_MS = 1_000;
const MAX_DRAIN_STEPS = 60;

export async function simulate(seed: number, mutant: Mutant = {}): Promise<Outcome> {
  const run = new Run(seed, mutant);
  return run.run();
}

class Run {
  readonly #seed: number;
  readonly #mutant: Mutant;
  readonly #dice: Dice;
  readonly #random: SeededRandom;
  readonly #clock = new SimulatedClock(START_AT);
  readonly #data = new MemoryData();
  readonly #network = new SimulatedNetwork(this.#clock);
  readonly #trace = new Trace();
  readonly #ledger = new Ledger();
  readonly #oracle: Oracle;
  readonly #weather: Weather;
  readonly #people: People;
  readonly #replayers: Replayers;
  #engine: SimulatedEngine | undefined;
  #crashes = 0;

  constructor(seed: number, mutant: Mutant) {
    this.#seed = seed;
    this.#mutant = mutant;
    this.#dice = new Dice(seed);
    // Its own stream, so that the engine drawing once more does not change the story.
    this.#random = new SeededRandom(~seed);
    this.#weather = new Weather(this.#dice);
    const ledger = this.#ledger;
    this.#oracle = new Oracle({ data: this.#data, ledger, note: (line) => this.#note(line) });
    this.#replayers = new Replayers({
      dice: this.#dice,
      ledger,
      data: this.#data,
      note: (line) => this.#note(line),
      engine: () => this.engine,
    });
    this.#people = new People({
      dice: this.#dice,
      ledger,
      note: (line) => this.#note(line),
      engine: () => this.engine,
      now: () => this.#clock.now(),
      replaysRun: () => this.#replayers.areBusy,
      broken: (what) => this.#oracle.broken(what),
    });
    this.#network.react = (job) => {
      const { attemptNumber, sequence, subscription } = job;
      const reaction = this.#weather.reaction(targetOf(subscription.destination));
      this.#note(`try ${attemptNumber} of ${sequence}/${subscription.number}`);
      this.#oracle.attemptStarts(job);
      return reaction;
    };
    this.#network.onAttempt = (seen) => this.#oracle.attemptSeen(seen);
  }

  get engine(): SimulatedEngine {
    if (this.#engine === undefined) throw new Error('no process is running');
    return this.#engine;
  }

  async run(): Promise<Outcome> {
    await this.#start();
    for (let left = this.#dice.between(2, 4); left > 0; left -= 1) await this.#people.subscribe();
    const steps = this.#dice.between(MIN_STEPS, MAX_STEPS);
    for (let step = 0; step < steps && this.#isWell(); step += 1) {
      await this.#step();
      await this.#clock.advance(this.#dice.between(0, this.#dice.chance(0.2) ? 20_000 : 400));
    }
    if (this.#isWell()) await this.#calmDown();
    return this.#outcome();
  }

  async #step(): Promise<void> {
    if (this.engine.broken !== undefined) return this.#crash();
    const { sequence, number } = this.#anyDelivery();
    switch (
      this.#dice.weighted({
        publish: 10,
        weather: 3,
        interfere: 3,
        subscribe: 0.5,
        resend: 2,
        cancel: 2,
        replay: 0.7,
        callOff: 0.3,
        crash: 0.7,
        restart: 0.3,
      })
    ) {
      case 'publish':
        return this.#people.publishSome();
      case 'weather':
        return this.#weather.change(TARGETS);
      case 'interfere':
        return this.#people.interfere();
      case 'subscribe':
        return this.#people.subscribe();
      case 'resend':
        return void this.#people.resend(sequence, number);
      case 'cancel':
        return void this.#people.cancel(sequence, number);
      case 'replay':
        return void this.#replayers.replay();
      case 'callOff':
        return void this.#replayers.callOff();
      case 'crash':
        return this.#crash();
      case 'restart':
        return this.#restart();
    }
  }

  #anyDelivery(): { readonly sequence: number; readonly number: number } {
    const { lastSequence } = this.#data.journal.state;
    const numbers = [...this.#ledger.subscriptions.keys()];
    return {
      sequence: this.#dice.between(Math.max(1, lastSequence - 40), Math.max(1, lastSequence)),
      number: this.#dice.pick(numbers),
    };
  }

  // Processes

  async #start(): Promise<void> {
    this.#engine = await SimulatedEngine.start({
      clock: this.#clock,
      random: this.#random,
      data: this.#data,
      network: this.#network,
      fates: (operation) => this.#weather.fate(operation),
      controlFate: () => this.#weather.controlFate(),
      wrapDisk: (journal) => this.#oracle.disk(journal),
      wrapJournal: this.#mutant.wrapJournal,
      wrapReplays: this.#mutant.wrapReplays,
      wrapDestination: this.#mutant.wrapDestination,
      onTelemetry: (event) => {
        if (event.event !== 'subscription.disabled') return;
        const known = this.#ledger.subscriptions.get(event.subscription.number);
        if (known !== undefined) known.status = 'disabled';
      },
    });
    const { registry } = this.engine;
    const numbers = registry.known().map(({ number }) => number);
    this.#ledger.found(numbers, (number) => registry.byNumber(number));
  }

  async #crash(): Promise<void> {
    this.#note('crash');
    this.#crashes += 1;
    this.#end();
    await this.#clock.advance(this.#dice.between(0, 5_000));
    await this.#start();
  }

  async #restart(): Promise<void> {
    this.#note('stop');
    const process = { stopped: false };
    const { dispatcher, replays } = this.engine;
    Promise.all([dispatcher.stop(), replays.stop()]).then(
      () => {
        process.stopped = true;
      },
      (error: unknown) => this.#oracle.broken(`stop failed: ${String(error)}`),
    );
    for (let step = 0; !process.stopped; step += 1) {
      if (step > MAX_DRAIN_STEPS) return this.#oracle.broken('the process does not stop');
      await this.#clock.advance(DRAIN_STEP_MS);
    }
    this.#end();
    await this.#start();
  }

  #end(): void {
    this.#oracle.crashes();
    this.#ledger.processEnded();
    this.engine.kill();
  }

  // The end

  async #calmDown(): Promise<void> {
    this.#note('calm');
    this.#weather.calm();
    // What was under way in the bad weather may still fail.
    await this.#clock.advance(CALM_AFTER_MS);
    if (this.engine.broken !== undefined) await this.#crash();
    for (const known of this.#ledger.subscriptions.values()) {
      if (this.#dice.chance(0.7)) await this.#people.resume(known);
    }
    for (const wish of this.#ledger.wishes) {
      if (wish.id === undefined && isRepeatable(wish)) this.#people.try(wish);
    }
    for (let waited = 0; waited < CALM_MS && this.#isWell(); waited += CALM_STEP_MS) {
      await this.#clock.advance(CALM_STEP_MS);
    }
    this.#account();
    await this.#lookAgain();
  }

  /** After a last restart there must be nothing left to do. */
  async #lookAgain(): Promise<void> {
    await this.#restart();
    const attempts = this.#network.attempts.length;
    await this.#clock.advance(CALM_STEP_MS);
    const more = this.#network.attempts.length - attempts;
    if (more > 0) this.#oracle.broken(`${more} attempts after everything was settled`);
  }

  #account(): void {
    const { lowWaterMark, lastSequence } = this.#data.journal.state;
    this.#note(`mark ${lowWaterMark} of ${lastSequence}`);
    const stuck = this.#network.inFlight.length;
    if (stuck > 0) this.#oracle.broken(`${stuck} attempts never ended`);
    for (const wrong of finalAccount(this.#data, this.#ledger, this.#oracle)) {
      this.#oracle.broken(wrong);
    }
  }

  #isWell(): boolean {
    return this.#oracle.violations.length === 0;
  }

  #note(line: string): void {
    this.#trace.add(`${Math.round(this.#clock.monotonic())} ${line}`);
  }

  #outcome(): Outcome {
    const { violations } = this.#oracle;
    const traceTail = this.#trace.tail;
    return {
      seed: this.#seed,
      violations,
      traceHash: this.#trace.digest(),
      traceTail,
      events: this.#data.journal.state.lastSequence,
      attempts: this.#network.attempts.length,
      crashes: this.#crashes,
      simulatedMs: this.#clock.monotonic(),
    };
  }
}
