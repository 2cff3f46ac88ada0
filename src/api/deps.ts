/** What the HTTP surface is given. It names ports only; the composition root fills them. */
import type { RequestListener, Server } from 'node:http';
import type { Publisher, TenantRates } from '../accept/publication.ts';
import type { EventCatalogue } from '../catalogue/catalogue.ts';
import type { DeliveryControl } from '../dispatch/delivery-control.ts';
import type { ReplayControl } from '../dispatch/replay-control.ts';
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_EVENTS,
  MAX_EVENT_BODY_BYTES,
  MAX_SUBSCRIPTIONS_PER_TENANT,
} from '../domain/limits.ts';
import type { BrokerEndpoint } from '../domain/broker-url.ts';
import type { ChallengeOutcome } from '../domain/challenge.ts';
import type { Source } from '../domain/source.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { ThinLinks } from '../domain/thin-link.ts';
import type { FrontDoor } from '../ingest/port.ts';
import type { Provider } from '../protocol/providers/provider.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { ControlChanges } from '../storage/control-changes.ts';
import type { ControlStore } from '../storage/control.ts';
import type { InboundStore } from '../storage/inbound.ts';
import type { JournalStore } from '../storage/journal.ts';
import type { PollStatus } from '../poll/poll-status.ts';
import type { PollStateStore } from '../storage/poll-state.ts';
import type { SourceRegistry } from '../storage/source-registry.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import type { TenantData } from '../storage/tenant-data.ts';
import type { TenantDirectory } from '../storage/tenant-directory.ts';
import type { Transformer } from '../transform/port.ts';
import type { SourceCheck } from './sources/source-check.ts';

/** Whether events may be sent to a URL; `reason` is a sentence for the person who typed it. */
export type TargetCheck =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly code: string; readonly reason: string };

export interface TargetChecks {
  readonly checkTarget: (text: string) => TargetCheck;
  /** The same for where a socket to a broker would lead; null when nothing speaks against it. */
  readonly checkBroker: (endpoint: BrokerEndpoint) => Extract<TargetCheck, { ok: false }> | null;
}

/** How the attempts of a subscription went lately. */
export interface EndpointHealth {
  /** The span that is counted, seconds before now. */
  readonly windowSeconds: number;
  readonly attempts: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Response times of the window, or null without attempts. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Milliseconds since the epoch, or null when there was none. */
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  readonly lastFailureReason: string | null;
}

export interface TestSent {
  readonly eventId: string;
  readonly deliveryId: string;
}

export interface Readiness {
  readonly ok: boolean;
  /** One line for each thing that must work, such as `{ storage: 'ok' }`. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface ApiLimits {
  readonly maxEventBodyBytes: number;
  readonly maxBatchBytes: number;
  readonly maxBatchEvents: number;
  readonly maxSubscriptionsPerTenant: number;
}

export const DEFAULT_API_LIMITS: ApiLimits = {
  maxEventBodyBytes: MAX_EVENT_BODY_BYTES,
  maxBatchBytes: MAX_BATCH_BYTES,
  maxBatchEvents: MAX_BATCH_EVENTS,
  maxSubscriptionsPerTenant: MAX_SUBSCRIPTIONS_PER_TENANT,
};

export type JournalReads = Pick<
  JournalStore,
  | 'state'
  | 'event'
  | 'contents'
  | 'sequenceOfKey'
  | 'listEvents'
  | 'deliveriesOf'
  | 'delivery'
  | 'listDeliveries'
  | 'attempts'
>;

export type ServerFactory = (listener: RequestListener) => Server;

export interface ApiDependencies extends TargetChecks {
  readonly publisher: Publisher;
  readonly deliveries: DeliveryControl;
  readonly replays: ReplayControl;
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  /** Tries settings and secrets of a source before they are stored. */
  readonly checkSource: SourceCheck;
  /** How the polls of a source are going; undefined for what is no poll source. */
  readonly pollStatus: (source: Source) => Promise<PollStatus | undefined>;
  /** All that a source may name. */
  readonly providers: readonly Provider[];
  readonly frontDoor: FrontDoor;
  readonly inbound: InboundStore;
  readonly pollStates: Pick<PollStateStore, 'load'>;
  /** Resolves once what this node noted of inbound requests so far can be read. */
  readonly inboundWritten: () => Promise<void>;
  /** Where clients reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly catalogue: EventCatalogue;
  readonly journal: JournalReads;
  readonly control: ControlStore;
  /** Tells what other nodes write into the control plane; absent where there are none. */
  readonly changes?: ControlChanges | undefined;
  readonly tenants: TenantDirectory;
  readonly tenantData: Pick<TenantData, 'usage' | 'events'>;
  readonly rates: TenantRates;
  readonly transformer: Transformer;
  /** Of thin payloads. */
  readonly links: Pick<ThinLinks, 'isAuthentic'>;
  readonly clock: Clock;
  readonly random: Random;
  /** SHA-256 of the admin key, lower-case hex. */
  readonly adminKeyHash: string;
  /** Publishes a test event to this subscription alone; resolves once it is stored. */
  readonly sendTest: (subscription: Subscription) => Promise<TestSent>;
  /** Asks its target whether it wants events. Takes some seconds at most, and never rejects. */
  readonly challenge: (subscription: Subscription) => Promise<ChallengeOutcome>;
  /** Undefined when nothing was attempted in the window. */
  readonly health: (subscription: number) => EndpointHealth | undefined;
  readonly readiness: () => Readiness;
  /** Addresses and networks that attempts come from, as far as the operator knows them. */
  readonly egressIps: readonly string[];
  /** Of Bellwire, for the OpenAPI document. */
  readonly version: string;
  /** Told of every answer that is our fault; the caller of the API sees no inside of it. */
  readonly onError: (error: unknown, where: string) => void;
  readonly limits?: Partial<ApiLimits> | undefined;
  readonly serverFactory?: ServerFactory | undefined;
}
