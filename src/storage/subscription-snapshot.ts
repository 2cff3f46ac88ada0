/** The subscriptions as routing and dispatch see them: in memory, compiled, looked up by number. */
import { parseRecordId } from '../domain/ids.ts';
import { compileRoutes } from '../domain/routing.ts';
import { isInternal, type Subscription } from '../domain/subscription.ts';
import { isExpired } from '../domain/subscription-expiry.ts';

/** What routing and dispatch need to know; a lookup in memory, never a read of the store. */
export interface SubscriptionDirectory {
  /** Subscriptions that want this event type and have not expired, whatever their status. */
  match(tenant: number, eventType: string): readonly Subscription[];
  /** Undefined once deleted. */
  byNumber(number: number): Subscription | undefined;
}

/** A subscription that exists or once existed. */
export interface KnownSubscription {
  readonly number: number;
  readonly tenant: number;
  readonly id: string;
}

const NO_SUBSCRIPTIONS: readonly Subscription[] = [];

interface Routes extends ReturnType<typeof compileRoutes<Subscription>> {
  /** When the first of them expires. */
  readonly until: number;
}

export class SubscriptionSnapshot implements SubscriptionDirectory {
  readonly #byNumber = new Map<number, Subscription>();
  /** Also the deleted ones: old deliveries still name them. */
  readonly #known = new Map<number, KnownSubscription>();
  readonly #byTenant = new Map<number, Set<number>>();
  /** Of these, Bellwire's own. */
  readonly #internal = new Map<number, Set<number>>();
  readonly #routes = new Map<number, Routes>();
  readonly #now: () => number;

  /** @param now wall clock, milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  match(tenant: number, eventType: string): readonly Subscription[] {
    let routes = this.#routes.get(tenant);
    if (routes === undefined || (Number.isFinite(routes.until) && routes.until <= this.#now())) {
      const numbers = this.#byTenant.get(tenant);
      if (numbers === undefined) return NO_SUBSCRIPTIONS;
      routes = this.#compile(numbers);
      this.#routes.set(tenant, routes);
    }
    return routes.match(eventType);
  }

  #compile(numbers: ReadonlySet<number>): Routes {
    const now = this.#now();
    const alive = this.#all(numbers).filter((subscription) => !isExpired(subscription, now));
    const entries = alive.map((value) => ({ patterns: value.eventTypes, value }));
    const until = alive.reduce(
      (least, { expiresAt }) => Math.min(least, expiresAt ?? least),
      Number.POSITIVE_INFINITY,
    );
    return { ...compileRoutes(entries), until };
  }

  byNumber(number: number): Subscription | undefined {
    return this.#byNumber.get(number);
  }

  /** Those that exist, of all tenants. */
  all(): readonly Subscription[] {
    return [...this.#byNumber.values()];
  }

  /** The public id of a subscription that exists or once existed. */
  idOf(number: number): string | undefined {
    return this.#known.get(number)?.id;
  }

  /** All that exist or once existed, of all tenants. */
  known(): readonly KnownSubscription[] {
    return [...this.#known.values()];
  }

  /** By public id within a tenant; undefined for deleted ones and those of other tenants. */
  find(tenant: number, id: string): Subscription | undefined {
    const parsed = parseRecordId('sub', id);
    const found = parsed && this.#byNumber.get(parsed.number);
    if (found?.id !== id || found.tenant !== tenant || isInternal(found)) return undefined;
    return found;
  }

  /** All of a tenant but Bellwire's own, oldest first. */
  list(tenant: number): readonly Subscription[] {
    return this.#all(this.#byTenant.get(tenant) ?? new Set())
      .filter((subscription) => !isInternal(subscription))
      .toSorted((a, b) => a.number - b.number);
  }

  /** As many as `list` has. */
  count(tenant: number): number {
    const numbers = this.#byTenant.get(tenant)?.size ?? 0;
    return numbers - (this.#internal.get(tenant)?.size ?? 0);
  }

  put(subscription: Subscription): void {
    const { number, tenant } = subscription;
    this.#byNumber.set(number, subscription);
    this.know(subscription, subscription.id);
    const ofTenant = this.#byTenant.get(tenant);
    if (ofTenant === undefined) this.#byTenant.set(tenant, new Set([number]));
    else ofTenant.add(number);
    if (isInternal(subscription)) {
      this.#internal.set(tenant, (this.#internal.get(tenant) ?? new Set()).add(number));
    }
    this.#routes.delete(tenant);
  }

  remove({ number, tenant }: Subscription): void {
    this.#byNumber.delete(number);
    this.#byTenant.get(tenant)?.delete(number);
    this.#internal.get(tenant)?.delete(number);
    this.#routes.delete(tenant);
  }

  /** That it once existed is enough to name it. */
  know({ number, tenant }: { number: number; tenant: number }, id: string): void {
    this.#known.set(number, { number, tenant, id });
  }

  #all(numbers: ReadonlySet<number>): Subscription[] {
    const found: Subscription[] = [];
    for (const number of numbers) {
      const subscription = this.#byNumber.get(number);
      if (subscription !== undefined) found.push(subscription);
    }
    return found;
  }
}
