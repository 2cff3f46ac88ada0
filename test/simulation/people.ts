/** The people of a simulation: publishers, owners of subscriptions, and operators who interfere. */
import type { Publication } from '../../src/accept/publication.ts';
import type { DeliveryView } from '../../src/storage/journal.ts';
import type { SimulatedEngine } from '../../src/testing/simulated-engine.ts';
import { TENANT, webhookSettings } from '../../src/testing/simulated-world.ts';
import type { Dice } from './dice.ts';
import { isRepeatable, type KnownSubscription, type Ledger, type Wish } from './ledger.ts';

export const TARGETS = ['a', 'b', 'c', 'd'].map((name) => `https://${name}.test/`);
const EVENT_TYPES = ['task.completed', 'task.failed', 'order.paid'];
const PATTERNS = [['**'], ['task.*'], ['order.paid'], ['task.completed', 'order.*']];
const SCHEDULES = [[], [0], [1], [0, 0, 5], [1, 5], [2, 10, 60]];
const MAX_SUBSCRIPTIONS = 8;
const MAX_AHEAD_MS = 20_000;

interface Options {
  readonly dice: Dice;
  readonly ledger: Ledger;
  readonly note: (line: string) => void;
  readonly engine: () => SimulatedEngine;
  readonly now: () => number;
  readonly broken: (what: string) => void;
}

export class People {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  publishSome(): void {
    const { dice } = this.#options;
    for (let left = dice.between(1, 12); left > 0; left -= 1) this.#publishOne();
  }

  #publishOne(): void {
    const { dice, ledger, now } = this.#options;
    const again = ledger.wishes.filter(isRepeatable);
    if (again.length > 0 && dice.chance(0.15)) return this.try(dice.pick(again));
    const number = ledger.wishes.length + 1;
    const publication: Publication = {
      tenant: TENANT,
      eventType: dice.pick(EVENT_TYPES),
      dataText: `{"wish": ${number}}`,
      ...(dice.chance(0.2) ? { id: `own-${number}` } : {}),
      ...(dice.chance(0.3) ? { idempotencyKey: `key-${number}` } : {}),
      ...(dice.chance(0.1) ? { deliverAt: now() + dice.between(0, MAX_AHEAD_MS) } : {}),
    };
    this.try(ledger.wish(publication));
  }

  /** Publishes it for the first time, or again. */
  try(wish: Wish): void {
    const { ledger, note, engine, broken } = this.#options;
    wish.expected.push(ledger.matching(wish.publication));
    wish.open += 1;
    engine().publisher.publish(wish.publication, (result) => {
      const told = result.kind === 'accepted' || result.kind === 'duplicate' ? result.id : '';
      note(`wish ${wish.number} ${result.kind} ${told}`);
      const wrong = ledger.answered(wish, result);
      if (wrong !== undefined) broken(wrong);
    });
  }

  async subscribe(): Promise<void> {
    const { dice, ledger, engine } = this.#options;
    if (this.#living().length >= MAX_SUBSCRIPTIONS) return;
    const settings = webhookSettings({
      url: dice.pick(TARGETS),
      eventTypes: dice.pick(PATTERNS),
      retryScheduleSeconds: dice.pick(SCHEDULES),
      timeoutMs: dice.pick([500, 2_000, 8_000]),
      maxInFlight: dice.pick([1, 3, 20, 256]),
      rateLimit: dice.pick([null, null, 5]),
    });
    const secrets = ['a secret of sixteen bytes'];
    ledger.created(await engine().registry.create({ tenant: TENANT, settings, secrets }));
  }

  interfere(): void {
    const { dice } = this.#options;
    const living = this.#living();
    if (living.length === 0) return;
    const subscription = dice.pick(living);
    switch (dice.weighted({ pause: 4, resume: 4, change: 3, delete: 0.5 })) {
      case 'pause':
        return this.#pause(subscription);
      case 'resume':
        return this.resume(subscription);
      case 'change':
        return this.#change(subscription);
      case 'delete':
        return this.#delete(subscription);
    }
  }

  #living(): KnownSubscription[] {
    return [...this.#options.ledger.subscriptions.values()].filter(
      ({ status }) => status !== 'deleted',
    );
  }

  #pause(known: KnownSubscription): void {
    if (known.status !== 'active') return;
    this.#options.note(`pause ${known.number}`);
    this.#follow(this.#options.engine().registry.change(known.number, { status: 'paused' }));
    known.status = 'paused';
  }

  resume(known: KnownSubscription): void {
    if (known.status !== 'paused' && known.status !== 'disabled') return;
    this.#options.note(`resume ${known.number}`);
    const { registry, dispatcher } = this.#options.engine();
    known.status = 'active';
    const change = { status: 'active', disabledReason: null, failingSince: null } as const;
    this.#follow(
      registry.change(known.number, change).then(() => dispatcher.release(known.number)),
    );
  }

  #change(known: KnownSubscription): void {
    const { dice, engine } = this.#options;
    const current = engine().registry.byNumber(known.number);
    if (current === undefined) return;
    const { url } = current.destination;
    const settings = {
      ...current,
      destination: { kind: 'webhook', url: dice.pick([url, ...TARGETS]) } as const,
      maxInFlight: dice.pick([1, 3, 20, 256]),
      rateLimit: dice.pick([null, 5, 50]),
    };
    this.#options.note(`change ${known.number} to ${settings.destination.url}`);
    this.#follow(engine().registry.change(known.number, { settings }));
  }

  #delete(known: KnownSubscription): void {
    this.#options.note(`delete ${known.number}`);
    this.#follow(this.#options.engine().registry.delete(known.number));
    known.status = 'deleted';
  }

  // One delivery

  async resend(sequence: number, number: number): Promise<void> {
    const { ledger, engine } = this.#options;
    const view = await this.#look(sequence, number);
    if (view === undefined) return;
    const asked = ledger.asked(sequence, number);
    asked.resends += 1;
    asked.open += 1;
    asked.confirmedCancel = false;
    try {
      await engine().dispatcher.resend(view);
      this.#options.note(`resent ${sequence}/${number}`);
    } catch (error) {
      if (isRefusal(error)) asked.resends -= 1;
      this.#options.note(`not resent ${sequence}/${number}: ${String(error)}`);
    }
    asked.open -= 1;
  }

  async cancel(sequence: number, number: number): Promise<void> {
    const { ledger, engine } = this.#options;
    const view = await this.#look(sequence, number);
    if (view === undefined) return;
    const asked = ledger.asked(sequence, number);
    const { resends, open } = asked;
    asked.cancels += 1;
    try {
      await engine().dispatcher.cancel(view);
      asked.confirmedCancel = open === 0 && asked.resends === resends;
      this.#options.note(`cancelled ${sequence}/${number}`);
    } catch (error) {
      if (isRefusal(error)) asked.cancels -= 1;
      this.#options.note(`not cancelled ${sequence}/${number}: ${String(error)}`);
    }
  }

  async #look(sequence: number, number: number): Promise<DeliveryView | undefined> {
    try {
      return await this.#options.engine().journal.delivery(TENANT, sequence, number);
    } catch (error) {
      this.#options.note(`not found ${sequence}/${number}: ${String(error)}`);
      return undefined;
    }
  }

  /** A failed change is its caller's to repeat; the run goes on. */
  #follow(change: Promise<unknown>): void {
    change.catch((error: unknown) => this.#options.note(`refused: ${String(error)}`));
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.message.includes("can't be");
}
