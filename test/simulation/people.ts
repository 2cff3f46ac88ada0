/** The people of a simulation: publishers, owners of subscriptions, and operators who interfere. */
import { targetOf } from '../../src/domain/destination.ts';
import { liveSecret, type Subscription } from '../../src/domain/subscription.ts';
import type { InboundOrigin, Publication } from '../../src/accept/publication.ts';
import { inboundRecord } from '../../src/storage/contract/factories.ts';
import type { JournalWriter } from '../../src/storage/journal-writer.ts';
import type { DeliveryView } from '../../src/storage/journal.ts';
import type { SimulatedEngine } from '../../src/testing/simulated-engine.ts';
import { TENANT, webhookSettings } from '../../src/testing/simulated-world.ts';
import type { Dice } from './dice.ts';
import { dataOf, FILTERS, isRepeatable } from './ledger.ts';
import type { KnownSubscription, Ledger, Wish } from './ledger.ts';

export const TARGETS = ['a', 'b', 'c', 'd'].map((name) => `https://${name}.test/`);
const EVENT_TYPES = ['task.completed', 'task.failed', 'order.paid'];
const PATTERNS = [['**'], ['task.*'], ['order.paid'], ['task.completed', 'order.*']];
const SCHEDULES = [[], [0], [1], [0, 0, 5], [1, 5], [2, 10, 60]];
const MAX_SUBSCRIPTIONS = 8;
const MAX_AHEAD_MS = 20_000;
const KEYS = ['a', 'b', 'c'];

interface Options {
  readonly dice: Dice;
  readonly ledger: Ledger;
  readonly note: (line: string) => void;
  readonly engine: () => SimulatedEngine;
  readonly now: () => number;
  /** A replay is under way: what is cancelled may be sent again by it. */
  readonly replaysRun: () => boolean;
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
      dataText: dataOf(number),
      ...(dice.chance(0.2) ? { id: `own-${number}` } : {}),
      ...(dice.chance(0.3) ? { idempotencyKey: `key-${number}` } : {}),
      ...(dice.chance(0.1) ? { deliverAt: now() + dice.between(0, MAX_AHEAD_MS) } : {}),
      ...(dice.chance(0.6) ? { orderingKey: dice.pick(KEYS) } : {}),
      ...(dice.chance(0.1) ? { retry: false } : {}),
      ...(dice.chance(0.25) ? { inbound: originOf(number, dice.between(1, 2)) } : {}),
    };
    this.try(ledger.wish(publication));
  }

  /** Publishes it for the first time, or again. */
  try(wish: Wish): void {
    const { ledger, note, engine, broken } = this.#options;
    wish.expected.push(ledger.matching(wish));
    wish.open += 1;
    const { publisher, writer } = engine();
    publisher.publish(wish.publication, (result) => {
      if (result.kind === 'duplicate') noteRepeat(writer, wish.publication, result.id);
      const told = result.kind === 'accepted' || result.kind === 'duplicate' ? result.id : '';
      note(`wish ${wish.number} ${result.kind} ${told}`);
      const wrong = ledger.answered(wish, result);
      if (wrong !== undefined) broken(wrong);
    });
  }

  async subscribe(): Promise<void> {
    const { dice, ledger, engine } = this.#options;
    if (this.#living().length >= MAX_SUBSCRIPTIONS) return;
    const filter = dice.pick(FILTERS);
    const settings = webhookSettings({
      url: dice.pick(TARGETS),
      filter: filter.document,
      eventTypes: dice.pick(PATTERNS),
      retryScheduleSeconds: dice.pick(SCHEDULES),
      timeoutMs: dice.pick([500, 2_000, 8_000]),
      maxInFlight: dice.pick([1, 3, 20, 256]),
      rateLimit: dice.pick([null, null, 5]),
      ordered: dice.chance(0.5),
    });
    const secrets = [liveSecret('a secret of sixteen bytes')];
    await this.#answer(engine().registry.create({ tenant: TENANT, settings, secrets }), (created) =>
      ledger.created(created),
    );
  }

  /** Each of these is answered at once: the disk of subscriptions takes no time. */
  async interfere(): Promise<void> {
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

  async #pause(known: KnownSubscription): Promise<void> {
    if (known.status !== 'active') return;
    this.#options.note(`pause ${known.number}`);
    const paused = this.#options.engine().registry.change(known.number, { status: 'paused' });
    known.isDoubtful = !(await this.#answer(paused, () => (known.status = 'paused')));
  }

  async resume(known: KnownSubscription): Promise<void> {
    const { status } = known;
    if (status !== 'paused' && status !== 'disabled') return;
    this.#options.note(`resume ${known.number}`);
    const { registry, dispatcher } = this.#options.engine();
    // What it held may be on its way before we hear of it.
    known.status = 'active';
    const change = { status: 'active', disabledReason: null, failingSince: null } as const;
    const isDone = await this.#answer(registry.change(known.number, change));
    known.isDoubtful = !isDone;
    if (isDone) dispatcher.release(known.number).catch((error: unknown) => this.#refused(error));
    else known.status = status;
  }

  async #change(known: KnownSubscription): Promise<void> {
    const { dice, engine, note } = this.#options;
    const url = dice.chance(0.5) ? undefined : dice.pick(TARGETS);
    const ordered = dice.chance(0.4) ? dice.chance(0.5) : undefined;
    const change = (current: Subscription) => ({
      settings: {
        ...current,
        destination: { kind: 'webhook', url: url ?? targetOf(current.destination) } as const,
        maxInFlight: dice.pick([1, 3, 20, 256]),
        rateLimit: dice.pick([null, 5, 50]),
        ordered: ordered ?? current.ordered,
      },
    });
    note(`change ${known.number}: target ${url}, ordered ${ordered}`);
    await this.#answer(engine().registry.change(known.number, change));
  }

  async #delete(known: KnownSubscription): Promise<void> {
    this.#options.note(`delete ${known.number}`);
    const { status } = known;
    const deleted = this.#options.engine().registry.delete(known.number);
    const isDone = await this.#answer(deleted, () => (known.status = 'deleted'));
    known.isDoubtful = !isDone;
    if (!isDone) known.status = status;
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
      const isLast = open === 0 && asked.resends === resends;
      asked.confirmedCancel = isLast && !this.#options.replaysRun();
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

  /** A failed change is its caller's to repeat; the run goes on. @returns whether it was made. */
  async #answer<Result>(
    change: Promise<Result>,
    made: (result: Result) => unknown = () => undefined,
  ): Promise<boolean> {
    try {
      made(await change);
      return true;
    } catch (error) {
      this.#refused(error);
      return false;
    }
  }

  #refused(error: unknown): void {
    this.#options.note(`refused: ${String(error)}`);
  }
}

/** Of an event that a provider sent: what it calls it makes a second one a repeat. */
function originOf(wish: number, source: number): InboundOrigin {
  const name = `provider-${wish}`;
  return { source, sourceId: `src_${source}`, providerEventId: name, dedupe: name };
}

/** As the door does it. */
function noteRepeat(writer: JournalWriter, { inbound, tenant }: Publication, eventId: string) {
  if (inbound === undefined) return;
  const { source, providerEventId } = inbound;
  const { sequence: _sequence, ...noted } = inboundRecord({ source, tenant, providerEventId });
  writer.noteInbound({ ...noted, status: 'duplicate', eventId });
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.message.includes("can't be");
}
