/**
 * One subscription of Bellwire's own for each source that hydrates: what its thin events go to. It
 * matches nothing by itself, is in no list, and goes when its source goes. Nodes of a cluster may
 * make one each when they learn of a source at the same moment; the first counts, any works.
 */
import { hydrateSettings, type HydrateSettings } from '../domain/hydrate/settings.ts';
import type { Source } from '../domain/source.ts';
import {
  DEFAULT_CHOICES,
  type Subscription,
  type SubscriptionSettings,
} from '../domain/subscription.ts';
import type { SourceListener } from '../storage/source-registry.ts';
import type {
  SubscriptionListener,
  SubscriptionRegistry,
} from '../storage/subscription-registry.ts';
import { Turns } from '../storage/turns.ts';

/** After the tries to fetch: for what could be fetched, or given up, but not be stored. */
const STORE_AGAIN_SECONDS = [5, 30, 300, 1_800, 7_200, 36_000];

interface Options {
  readonly registry: Pick<SubscriptionRegistry, 'all' | 'listen' | 'create' | 'change' | 'delete'>;
  readonly onError: (error: unknown) => void;
}

export class HydrateSubscriptions implements SourceListener {
  readonly #options: Options;
  /** By number of the source, oldest first. */
  readonly #bySource = new Map<number, Subscription[]>();
  readonly #turns = new Turns();

  constructor(options: Options) {
    this.#options = options;
    for (const subscription of options.registry.all()) this.#put(subscription);
    options.registry.listen(this.#follow());
  }

  of(source: number): Subscription | undefined {
    return this.#bySource.get(source)?.[0];
  }

  created(source: Source): void {
    this.ensure(source);
  }

  changed(source: Source): void {
    this.ensure(source);
  }

  deleted({ number }: Source): void {
    const all = this.#bySource.get(number) ?? [];
    for (const one of all) this.#options.registry.delete(one.number).catch(this.#options.onError);
  }

  /** Sees to it that the source has one, with the settings it wants. */
  ensure(source: Source): void {
    const settings = hydrateSettings(source);
    if (settings === undefined) return;
    const wanted = subscriptionSettings(source, settings);
    this.#turns
      .take(source.number, () => this.#settle(source, wanted))
      .catch(this.#options.onError);
  }

  async #settle(source: Source, settings: SubscriptionSettings): Promise<void> {
    const { registry } = this.#options;
    const current = this.of(source.number);
    if (current === undefined) {
      await registry.create({ tenant: source.tenant, settings, secrets: [] });
    } else if (!isAsWanted(current, settings)) {
      await registry.change(current.number, { settings });
    }
  }

  #follow(): SubscriptionListener {
    return {
      created: (subscription) => this.#put(subscription),
      changed: (subscription) => this.#put(subscription),
      deleted: (subscription) => this.#remove(subscription),
    };
  }

  #put(subscription: Subscription): void {
    const { destination } = subscription;
    if (destination.kind !== 'hydrate') return;
    const others = this.#others(destination.source, subscription);
    const all = [...others, subscription].toSorted((a, b) => a.number - b.number);
    this.#bySource.set(destination.source, all);
  }

  #remove(subscription: Subscription): void {
    const { destination } = subscription;
    if (destination.kind !== 'hydrate') return;
    this.#bySource.set(destination.source, this.#others(destination.source, subscription));
  }

  #others(source: number, { number }: Subscription): Subscription[] {
    return (this.#bySource.get(source) ?? []).filter((one) => one.number !== number);
  }
}

function subscriptionSettings(
  { number, id }: Source,
  { retrySeconds, rateLimit, timeoutMs, onFailure }: HydrateSettings,
): SubscriptionSettings {
  const tail = onFailure === 'deliver_thin' ? STORE_AGAIN_SECONDS : [];
  return {
    ...DEFAULT_CHOICES,
    name: `hydration of ${id}`,
    eventTypes: [],
    destination: { kind: 'hydrate', source: number, sourceId: id },
    retryScheduleSeconds: [...retrySeconds, ...tail],
    rateLimit,
    timeoutMs,
  };
}

function isAsWanted(current: Subscription, wanted: SubscriptionSettings): boolean {
  return (
    current.rateLimit === wanted.rateLimit &&
    current.timeoutMs === wanted.timeoutMs &&
    current.retryScheduleSeconds.join() === wanted.retryScheduleSeconds.join()
  );
}
