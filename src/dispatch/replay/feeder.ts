/** Sets deliveries on their way for a replay, and calls them off; each judged under a claim. */
import type { Clock } from '../../runtime/clock.ts';
import type { DeliveryPosition, DeliveryRecord } from '../../storage/journal.ts';
import type { DeliveryStanding, ReplayRecord, ReplayStore } from '../../storage/replays.ts';
import type { ReplayRequest } from '../replay-control.ts';
import { decide, outcomeOf } from './decision.ts';
import type { Outstanding, OutstandingDelivery, Owner } from './outstanding.ts';

export interface DeliveryBulk {
  /** See `DeliveryChanges`. */
  changeAll(
    positions: readonly DeliveryPosition[],
    decide: (
      dueAt: number,
      isSending: (position: DeliveryPosition) => boolean,
    ) => Promise<readonly (DeliveryRecord | null)[]>,
  ): Promise<void>;
}

/** A delivery as it is while nobody else can change it. */
interface Judged {
  readonly delivery: OutstandingDelivery;
  readonly standing: DeliveryStanding | undefined;
  readonly isSending: boolean;
  /** When it is due if it is wanted at once. */
  readonly dueAt: number;
}

/** Resolves once all is durable that has been settled so far. @throws StorageError */
export type Flushed = () => Promise<void>;

/** Who wants it done. */
export interface FeedOwner extends Owner {
  /** One more delivery was looked at. */
  took(): void;
}

interface Options {
  readonly store: ReplayStore;
  readonly bulk: DeliveryBulk;
  readonly flushed: Flushed;
  readonly outstanding: Outstanding;
  readonly clock: Clock;
  readonly record: Pick<ReplayRecord, 'number' | 'tenant'>;
  readonly request: ReplayRequest;
  readonly owner: FeedOwner;
  readonly onError: (error: unknown) => void;
}

export class Feeder {
  readonly #options: Options;
  #isDurable = true;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Sets them on their way. Call `durable` before you rely on it.
   * @throws StorageError when nothing was done.
   */
  async feed(targets: readonly OutstandingDelivery[]): Promise<void> {
    const { owner, outstanding, record, request } = this.#options;
    await this.#change(targets, ({ delivery, standing, isSending, dueAt }) => {
      const decision = decide(standing, record.number, request.statuses);
      if (decision === 'mine') return null;
      owner.took();
      if (decision === 'skip' || isSending) {
        owner.ended('skipped');
        return null;
      }
      outstanding.add(owner, delivery);
      const attempts = standing?.attempts ?? 0;
      return this.#row(delivery, { attempts, attemptsBefore: attempts, nextAttemptAt: dueAt });
    });
  }

  /** Resolves once what was done lasts. @throws StorageError when the store still refuses. */
  async durable(): Promise<void> {
    if (this.#isDurable) return;
    await this.#options.flushed();
    this.#isDurable = true;
  }

  /**
   * Ends those that have not been attempted since this replay asked for it.
   * @throws StorageError when nothing was done.
   */
  async callOff(deliveries: readonly OutstandingDelivery[], reason: string): Promise<void> {
    const { record } = this.#options;
    await this.#change(deliveries, ({ delivery, standing, isSending }) => {
      if (isSending || standing?.replay !== record.number) return null;
      if (outcomeOf(standing, record.number) !== undefined) return null;
      const { attempts, attemptsBefore } = standing;
      return this.#row(delivery, { attempts, attemptsBefore, status: 'cancelled', reason });
    });
    await this.verify(deliveries);
  }

  /** Takes over what the store says of them, in case it was said before they were listened for. */
  async verify(deliveries: readonly OutstandingDelivery[]): Promise<void> {
    const { store, outstanding } = this.#options;
    const standings = await store.standings(deliveries);
    for (const [index, delivery] of deliveries.entries()) {
      outstanding.learn(standings[index] ?? { ...delivery, ...GONE });
    }
  }

  async #change(
    deliveries: readonly OutstandingDelivery[],
    judge: (judged: Judged) => DeliveryRecord | null,
  ): Promise<void> {
    const { bulk, store, onError } = this.#options;
    let judged = false;
    try {
      await bulk.changeAll(deliveries, async (dueAt, isSending) => {
        const standings = await store.standings(deliveries);
        judged = true;
        return deliveries.map((delivery, index) => {
          const standing = standings[index];
          return judge({ delivery, standing, isSending: isSending(delivery), dueAt });
        });
      });
    } catch (error) {
      if (!judged) throw error;
      // The writer repeats it until the store takes it.
      this.#isDurable = false;
      onError(error);
    }
  }

  #row(
    { sequence, subscription, createdAt, orderingKey }: OutstandingDelivery,
    fields: Pick<DeliveryRecord, 'attempts' | 'attemptsBefore'> & Partial<DeliveryRecord>,
  ): DeliveryRecord {
    const { clock, record } = this.#options;
    return {
      sequence,
      subscription,
      createdAt,
      orderingKey,
      tenant: record.tenant,
      replay: record.number,
      status: 'pending',
      nextAttemptAt: null,
      reason: null,
      updatedAt: clock.now(),
      ...fields,
    };
  }
}

/** Its event is no longer stored. */
const GONE = { status: 'cancelled', attempts: 0, attemptsBefore: 0, replay: null } as const;
