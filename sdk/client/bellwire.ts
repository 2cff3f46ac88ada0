/** The typed client of the HTTP API. Needs `fetch` and nothing else. */
import { ApiKeys } from './api-keys.ts';
import { Deliveries } from './deliveries.ts';
import { Events } from './events.ts';
import { EventTypes } from './event-types.ts';
import { InboundRequests } from './inbound-requests.ts';
import { Providers } from './providers.ts';
import { Replays } from './replays.ts';
import { Sources } from './sources.ts';
import { Subscriptions } from './subscriptions.ts';
import { Tenants } from './tenants.ts';
import { createTransport } from './transport.ts';
import type { ClientOptions } from './transport.ts';

/**
 * Every call rejects with a `BellwireError`. Calls that are safe to repeat are repeated after
 * network errors; all are after 429 and 503, with growing pauses and no sooner than `Retry-After`.
 */
export class Bellwire {
  readonly events: Events;
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly eventTypes: EventTypes;
  readonly replays: Replays;
  readonly sources: Sources;
  readonly providers: Providers;
  readonly inboundRequests: InboundRequests;
  readonly apiKeys: ApiKeys;
  readonly tenants: Tenants;

  /** @throws TypeError for a base URL that is none. */
  constructor(options: ClientOptions) {
    const transport = createTransport(options);
    this.events = new Events(transport);
    this.subscriptions = new Subscriptions(transport);
    this.deliveries = new Deliveries(transport);
    this.eventTypes = new EventTypes(transport);
    this.replays = new Replays(transport);
    this.sources = new Sources(transport);
    this.providers = new Providers(transport);
    this.inboundRequests = new InboundRequests(transport);
    this.apiKeys = new ApiKeys(transport);
    this.tenants = new Tenants(transport);
  }
}
