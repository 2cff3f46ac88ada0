/** Sources that ask somebody themselves: polls, and the objects of thin events. */
import type { Publisher } from '../accept/publication.ts';
import { Problem } from '../api/problems.ts';
import { checkHydrateConfig } from '../api/sources/hydrate-config.ts';
import { checkPollConfig } from '../api/sources/poll-config.ts';
import type { TemplateChecks } from '../api/sources/request-template.ts';
import type { SourceCheck } from '../api/sources/source-check.ts';
import type { Destination } from '../destinations/destination.ts';
import { POLL_PROVIDER } from '../domain/poll/settings.ts';
import { secretByName } from '../domain/source-secrets.ts';
import type { Source } from '../domain/source.ts';
import type { Egress } from '../egress/port.ts';
import { createHydrateDestination } from '../hydrate/hydrate-destination.ts';
import { HydrateSubscriptions } from '../hydrate/hydrate-subscriptions.ts';
import { hydratingPublisher } from '../hydrate/hydrating-publisher.ts';
import { clusterOwnership } from '../poll/ownership.ts';
import { Poller } from '../poll/poller.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { SourceRegistry } from '../storage/source-registry.ts';
import type { Storage } from '../storage/storage.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import type { OperationalEvents } from './operational-events.ts';

interface HydrationParts {
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly egress: Egress;
  readonly userAgent: string;
  /** Of the pipe, which is there once all is put together. */
  readonly publisher: () => Publisher;
  readonly onError: (error: unknown) => void;
}

export interface Hydration {
  /** Where thin events go first. */
  readonly destination: Destination;
  /** The entrance for what comes in through sources. */
  readonly publisher: Publisher;
}

export function createHydration(parts: HydrationParts): Hydration {
  const { registry, sources, egress, userAgent, onError } = parts;
  const publisher: Publisher = { publish: (...event) => parts.publisher().publish(...event) };
  const subscriptions = new HydrateSubscriptions({ registry, onError });
  sources.listen(subscriptions);
  for (const source of sources.all()) subscriptions.ensure(source);
  const sourceOf = (number: number) => sources.byNumber(number);
  return {
    destination: createHydrateDestination({
      egress,
      publisher,
      sourceOf,
      clock: systemClock,
      userAgent,
    }),
    publisher: hydratingPublisher({ publisher, sourceOf, subscriptions }),
  };
}

interface PollingParts {
  readonly storage: Pick<Storage, 'pollStates' | 'cluster'>;
  readonly sources: SourceRegistry;
  readonly egress: Egress;
  readonly publisher: Publisher;
  readonly telemetry: Telemetry;
  readonly operational: OperationalEvents;
  readonly userAgent: string;
  /** Of this node among several. */
  readonly leaseMs: number;
  readonly onError: (error: unknown) => void;
}

/** Nothing is asked before its `start`. */
export function createPolling(parts: PollingParts): Poller {
  const { storage, sources, operational, leaseMs, ...rest } = parts;
  const clock = systemClock;
  const { cluster: node, pollStates: states } = storage;
  const poller = new Poller({
    ...rest,
    states,
    clock,
    random: systemRandom,
    ownership: node && clusterOwnership({ node, clock, leaseMs }),
    onTrouble: (trouble) => operational.pollTrouble(trouble),
  });
  const put = (source: Source) => poller.put(source);
  sources.listen({
    created: put,
    changed: put,
    deleted: ({ number }) => poller.remove(number),
  });
  for (const source of sources.all()) put(source);
  return poller;
}

/** What ingest says of a source, and what is asked of those that ask themselves. */
export function checkOfSources(
  inbound: SourceCheck,
  egress: Pick<Egress, 'checkTarget'>,
): SourceCheck {
  return (source) => {
    const { provider, config } = source;
    const checks: TemplateChecks = {
      checkTarget: (url) => egress.checkTarget(url),
      hasSecret: (name) => secretByName(source, name) !== undefined,
    };
    if (provider === POLL_PROVIDER) return faultOf(() => checkPollConfig(config, checks));
    const { hydrate } = config;
    const own =
      hydrate === undefined
        ? undefined
        : faultOf(() => checkHydrateConfig(provider, hydrate, checks));
    return own ?? inbound(source);
  };
}

/** The first mistake: each source has few settings, and the next one is told after it. */
function faultOf(check: () => unknown): ReturnType<SourceCheck> {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const [part] = error.errors;
    const pointer = part !== undefined && 'pointer' in part ? part.pointer : '/config';
    return { pointer, reason: part?.detail ?? error.message };
  }
}
