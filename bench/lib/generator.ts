/**
 * The load generator: keeps a number of keep-alive connections busy according to a schedule.
 * Coordinated-omission safe: latency counts from the *planned* instant, so a server that stalls
 * pays for every event that was due meanwhile, also for those the generator could not send yet.
 */
import { nowMicros } from './clock.ts';
import { Connection } from './connection.ts';
import { FreeList } from './free-list.ts';
import { createHistogram, record } from './histogram.ts';
import type { Histogram } from './histogram.ts';
import type { Ledger } from './ledger.ts';
import type { LoadPlan } from './load-protocol.ts';
import { seededRandom, targetPicker } from './prng.ts';
import { closedLoop, openLoop } from './schedule.ts';
import type { Schedule } from './schedule.ts';

/** Below this wait the generator spins through the event loop: a timer is only good to a ms. */
const SPIN_MICROS = 2000;
/** How long past its plan a run may still send or wait for answers before it gives up. */
const GRACE_MS = 20_000;
const MAX_RECONNECTS = 2000;

export interface GeneratorResult {
  sent: number;
  accepted: number;
  statuses: Record<string, number>;
  reconnects: number;
  unanswered: number;
  unsent: number;
  firstSendMicros: number;
  lastAnswerMicros: number;
  acceptLatency: Histogram;
  sendLag: Histogram;
}

export interface GeneratorOptions {
  plan: LoadPlan;
  ledger: Ledger;
  /** Whether the generator has a core of its own to spin on. */
  spin: boolean;
}

/** Runs a plan to its end: everything planned sent and answered, or given up with counts. */
export async function generate(options: GeneratorOptions): Promise<GeneratorResult> {
  const generator = new Generator(options);
  return generator.run();
}

class Generator {
  readonly #plan: LoadPlan;
  readonly #ledger: Ledger;
  readonly #spin: boolean;
  readonly #pickTarget: () => number;
  readonly #excluded: boolean[];
  readonly #connections: Connection[];
  readonly #free = new FreeList<Connection>();
  #schedule: Schedule = closedLoop(0);
  #started = false;
  #inFlight = 0;
  #armed = false;
  #over = false;
  #finish: () => void = () => undefined;
  #fail: (reason: Error) => void = () => undefined;
  readonly #result: GeneratorResult = {
    sent: 0,
    accepted: 0,
    statuses: {},
    reconnects: 0,
    unanswered: 0,
    unsent: 0,
    firstSendMicros: 0,
    lastAnswerMicros: 0,
    acceptLatency: createHistogram(),
    sendLag: createHistogram(),
  };

  constructor({ plan, ledger, spin }: GeneratorOptions) {
    this.#plan = plan;
    this.#ledger = ledger;
    this.#spin = spin;
    const { targets, hotShare, seed } = plan.traffic;
    this.#pickTarget = targetPicker(targets, hotShare, seededRandom(seed));
    this.#excluded = Array.from({ length: targets }, (_, i) => plan.excludedTargets.includes(i));
    this.#connections = Array.from(
      { length: plan.connections },
      () =>
        new Connection(plan, {
          onFree: (connection) => this.#freed(connection),
          onAnswer: (connection, status) => this.#answered(connection, status),
          onBroken: (_connection, inFlight) => this.#broken(inFlight),
        }),
    );
  }

  async run(): Promise<GeneratorResult> {
    try {
      await this.#connectAll();
      await this.#load();
      return this.#result;
    } finally {
      this.#over = true;
      for (const connection of this.#connections) connection.close();
    }
  }

  /** All connections stand before the clock starts, so that no run pays for connecting. */
  async #connectAll(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#fail = reject;
    this.#finish = resolve;
    for (const connection of this.#connections) connection.open();
    await promise;
  }

  async #load(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#finish = resolve;
    this.#fail = reject;
    const { loop } = this.#plan;
    const start = nowMicros();
    this.#schedule = scheduleOf(loop, start);
    const deadline = setTimeout(() => this.#giveUp(), loop.seconds * 1000 + GRACE_MS);
    this.#started = true;
    this.#pump();
    await promise;
    clearTimeout(deadline);
  }

  #freed(connection: Connection): void {
    this.#free.add(connection);
    if (this.#started) this.#pump();
    else if (this.#free.size === this.#connections.length) this.#finish();
  }

  #pump(): void {
    while (!this.#over) {
      const now = nowMicros();
      const due = this.#schedule.nextDue(now);
      if (due === Number.POSITIVE_INFINITY) {
        if (this.#inFlight === 0) this.#finish();
        return;
      }
      if (due > now) {
        this.#arm(due - now);
        return;
      }
      const connection = this.#free.take();
      if (connection === undefined) return;
      this.#send(connection, due, now);
    }
  }

  #send(connection: Connection, due: number, now: number): void {
    const result = this.#result;
    if (result.sent === 0) result.firstSendMicros = now;
    this.#schedule.advance();
    const target = this.#pickTarget();
    const seq = this.#ledger.open(this.#excluded[target] ?? false);
    result.sent++;
    this.#inFlight++;
    record(result.sendLag, now - due);
    connection.send(seq, due, target);
  }

  #arm(waitMicros: number): void {
    if (this.#armed) return;
    this.#armed = true;
    const fire = (): void => {
      this.#armed = false;
      this.#pump();
    };
    const slack = this.#spin ? SPIN_MICROS : 0;
    if (this.#spin && waitMicros <= SPIN_MICROS) setImmediate(fire);
    else setTimeout(fire, Math.max(1, Math.floor((waitMicros - slack) / 1000)));
  }

  #answered(connection: Connection, status: number): void {
    const result = this.#result;
    const now = nowMicros();
    this.#inFlight--;
    result.statuses[status] = (result.statuses[status] ?? 0) + 1;
    if (status >= 200 && status < 300) {
      result.accepted++;
      result.lastAnswerMicros = now;
      record(result.acceptLatency, now - connection.plannedMicros);
      this.#ledger.accepted(connection.seq);
    }
    this.#free.add(connection);
    this.#pump();
  }

  #broken(inFlight: boolean): void {
    const result = this.#result;
    result.reconnects++;
    if (inFlight) {
      this.#inFlight--;
      result.unanswered++;
    }
    if (result.reconnects > MAX_RECONNECTS) {
      this.#fail(new Error(`gave up after ${MAX_RECONNECTS} broken connections`));
    } else if (this.#started) this.#pump();
  }

  #giveUp(): void {
    this.#over = true;
    this.#result.unanswered += this.#inFlight;
    const end = Number.MAX_SAFE_INTEGER;
    while (this.#plan.loop.kind === 'open' && this.#schedule.nextDue(end) < end) {
      this.#result.unsent++;
      this.#schedule.advance();
    }
    this.#finish();
  }
}

function scheduleOf(loop: LoadPlan['loop'], startMicros: number): Schedule {
  const endMicros = startMicros + loop.seconds * 1_000_000;
  if (loop.kind === 'closed') return closedLoop(endMicros);
  return openLoop({ ...loop, startMicros, endMicros, random: seededRandom(loop.seed) });
}
