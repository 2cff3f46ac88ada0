/** Random journals, and a naive model of what readers must find in them. */
import * as fc from 'fast-check';
import type {
  AttemptRecord,
  DeliveryQuery,
  DeliveryRecord,
  DeliveryView,
  EventQuery,
  JournalBatch,
  NewEvent,
  UnsettledDelivery,
} from '../journal.ts';
import { attempt, batch, createdAtOf, delivery, newEvent } from './factories.ts';

/** What has become of one delivery. The last four are told by a row alone. */
const FATES = [
  'untouched',
  'delivered at once',
  'pending',
  'waiting',
  'held',
  'delivered',
  'exhausted',
  'cancelled',
] as const;
type Fate = (typeof FATES)[number];

/** Subscriptions 1 to 4; null where the event does not match. */
type Fates = readonly (Fate | null)[];

interface EventPlan {
  readonly ofOther: boolean;
  readonly gap: number;
  /** Milliseconds its clock is off: wall clocks step back now and then. */
  readonly clockOff: number;
  readonly eventType: string;
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly fates: Fates;
}

const SUBSCRIPTIONS = [1, 2, 3, 4] as const;
const TYPES = ['task.created', 'task.completed', 'order.paid'] as const;
const REFERENCES = [null, 'a', 'b'] as const;

const eventPlan: fc.Arbitrary<EventPlan> = fc.record({
  ofOther: fc.boolean(),
  gap: fc.integer({ min: 1, max: 3 }),
  clockOff: fc.integer({ min: -4_000, max: 4_000 }),
  eventType: fc.constantFrom(...TYPES),
  taskId: fc.constantFrom(...REFERENCES),
  runId: fc.constantFrom(...REFERENCES),
  fates: fc.tuple(...SUBSCRIPTIONS.map(() => fc.option(fc.constantFrom(...FATES)))),
});

export const journalPlan = fc.array(eventPlan, { maxLength: 20 });

/** Offsets are relative to the journal's first sequence. */
export const eventFilter = fc.record({
  eventType: fc.option(fc.constantFrom(...TYPES), { nil: undefined }),
  taskId: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  runId: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  sinceOffset: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
  untilOffset: fc.option(fc.nat({ max: 60 }), { nil: undefined }),
});

export const deliveryFilter: fc.Arbitrary<Omit<DeliveryQuery, 'limit' | 'before'>> = fc.record({
  status: fc.option(
    fc.constantFrom('pending', 'waiting', 'held', 'delivered', 'exhausted', 'cancelled'),
    { nil: undefined },
  ),
  subscription: fc.option(fc.constantFrom(1, 2, 3, 4, 5), { nil: undefined }),
});

/** A journal written out: what to commit, and what is then to be found. */
export class JournalWorld {
  readonly tenant: number;
  readonly events: readonly NewEvent[];
  readonly #fates = new Map<NewEvent, Fates>();

  /** @param first every sequence of this world is above it; @param tenant so is the other one. */
  constructor(plan: readonly EventPlan[], first: number, tenant: number) {
    this.tenant = tenant;
    let sequence = first;
    this.events = plan.map(({ ofOther, gap, clockOff, fates, ...fields }) => {
      sequence += gap;
      const event = newEvent({
        ...fields,
        sequence,
        tenant: ofOther ? tenant + 1 : tenant,
        createdAt: createdAtOf(sequence) + clockOff,
        matched: SUBSCRIPTIONS.filter((_, index) => fates[index] !== null),
        customId: gap === 1 ? `own-${sequence}` : null,
      });
      this.#fates.set(event, fates);
      return event;
    });
  }

  get lastSequence(): number {
    return this.events.at(-1)?.sequence ?? 0;
  }

  /** The events first, then what became of them, as an engine would commit it. */
  batches(): readonly JournalBatch[] {
    const attempts: AttemptRecord[] = [];
    const deliveries: DeliveryRecord[] = [];
    for (const event of this.events) {
      for (const [subscription, fate] of this.#pairs(event)) {
        const { sequence } = event;
        if (fate === 'untouched') continue;
        if (fate === 'delivered at once') attempts.push(attempt({ sequence, subscription }));
        else {
          attempts.push(attempt({ sequence, subscription, outcome: 'failed' }));
          deliveries.push(rowOf(event, subscription, fate));
        }
      }
    }
    return [batch({ events: this.events }), batch({ attempts, deliveries })];
  }

  matchingEvents(query: Omit<EventQuery, 'limit' | 'before'>): readonly NewEvent[] {
    const { eventType, taskId, runId, since, until } = query;
    return this.#newestFirst()
      .filter((event) => eventType === undefined || event.eventType === eventType)
      .filter((event) => taskId === undefined || event.taskId === taskId)
      .filter((event) => runId === undefined || event.runId === runId)
      .filter((event) => since === undefined || event.createdAt >= since)
      .filter((event) => until === undefined || event.createdAt < until);
  }

  matchingDeliveries(query: Omit<DeliveryQuery, 'limit' | 'before'>): readonly DeliveryView[] {
    const { status, subscription } = query;
    return this.#newestFirst()
      .flatMap((event) =>
        this.#pairs(event)
          .toReversed()
          .map((pair) => viewOf(event, pair)),
      )
      .filter((view) => status === undefined || view.status === status)
      .filter((view) => subscription === undefined || view.subscription === subscription);
  }

  /** Of both tenants: recovery knows no tenants. */
  unsettled(): readonly UnsettledDelivery[] {
    return this.events.flatMap((event) =>
      this.#pairs(event)
        .filter(([, fate]) => fate === 'untouched')
        .map(([subscription]) => unsettledOf(event, subscription)),
    );
  }

  #newestFirst(): readonly NewEvent[] {
    return this.events.filter((event) => event.tenant === this.tenant).toReversed();
  }

  #pairs(event: NewEvent): readonly (readonly [subscription: number, fate: Fate])[] {
    const fates = this.#fates.get(event) ?? [];
    return SUBSCRIPTIONS.flatMap((subscription, index) => {
      const fate = fates[index] ?? null;
      return fate === null ? [] : [[subscription, fate] as const];
    });
  }
}

function unsettledOf(event: NewEvent, subscription: number): UnsettledDelivery {
  const { sequence, tenant, createdAt, orderingKey } = event;
  return { sequence, subscription, tenant, createdAt, orderingKey };
}

function rowOf(
  event: NewEvent,
  subscription: number,
  status: Exclude<Fate, 'untouched' | 'delivered at once'>,
): DeliveryRecord {
  const { sequence, tenant, createdAt } = event;
  return delivery({ sequence, subscription, tenant, createdAt, status, attempts: subscription });
}

function viewOf(event: NewEvent, [subscription, fate]: readonly [number, Fate]): DeliveryView {
  const { sequence, createdAt, customId, orderingKey } = event;
  const same = { sequence, subscription, createdAt, customId, orderingKey };
  if (fate === 'untouched' || fate === 'delivered at once') {
    const [status, attempts] =
      fate === 'untouched' ? (['pending', 0] as const) : (['delivered', 1] as const);
    return { ...same, status, attempts, nextAttemptAt: null, reason: null };
  }
  const { status, attempts, nextAttemptAt, reason } = rowOf(event, subscription, fate);
  return { ...same, status, attempts, nextAttemptAt, reason };
}
