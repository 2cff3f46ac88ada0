/** Puts the pipe together over a store: accept, dispatch, and what they share. */
import type { Logger } from 'pino';
import type { Publisher } from '../accept/publication.ts';
import { createPublisher } from '../accept/publisher.ts';
import { createChallenger, type Challenger } from '../destinations/webhook/challenger.ts';
import type { Destinations } from '../destinations/destination.ts';
import { createWebhookDestination } from '../destinations/webhook/webhook.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { Replays } from '../dispatch/replay/replays.ts';
import type { MasterKey } from '../domain/master-keys.ts';
import type { ThinLinks } from '../domain/thin-link.ts';
import type { Egress } from '../egress/port.ts';
import { confirmHandshake } from '../ingest/confirm.ts';
import { createIngest, type Ingest } from '../ingest/ingest.ts';
import { GuardedKeySource } from '../ingest/keys/key-source.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { Poller } from '../poll/poller.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import type { Storage } from '../storage/storage.ts';
import type { Transformer } from '../transform/port.ts';
import { createHydration, createPolling, type Hydration } from './asking-sources.ts';
import { openControlPlane, type ControlPlane } from './control-plane.ts';
import { joinCluster, type Cluster } from './cluster.ts';
import { createDestinations } from './destinations.ts';
import { operationalEvents, type OperationalEvents } from './operational-events.ts';
import { TenantDeletion } from './tenant-deletion.ts';
import { VERSION } from './version.ts';

const USER_AGENT = `Bellwire/${VERSION}`;

export interface Engine extends ControlPlane {
  readonly deletion: TenantDeletion;
  readonly challenge: Challenger;
  readonly writer: JournalWriter;
  readonly destinations: Destinations;
  readonly dispatcher: Dispatcher;
  readonly replays: Replays;
  readonly publisher: Publisher;
  readonly ingest: Ingest;
  readonly poller: Poller;
  readonly operational: OperationalEvents;
  readonly cluster: Cluster;
}

interface Options {
  readonly storage: Storage;
  readonly masterKeys: readonly MasterKey[];
  readonly whenAllAreLost: 'refuse' | 'disable';
  /** How targets know this Bellwire by name: `hooks.example.com`. */
  readonly origin: string;
  readonly egress: Egress;
  readonly transformer: Transformer;
  /** Where clients reach this server, and what thin payloads link to. */
  readonly publicUrl: () => string;
  readonly links: ThinLinks;
  /** Addresses and networks of proxies in front of this server. */
  readonly trustedProxies: readonly string[];
  /** How long this node may be out of touch with the others. */
  readonly leaseMs: number;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly onBroken: (error: Error) => void;
}

/** Reads the store's state; nothing is sent before `dispatcher.start`. */
export async function createEngine(options: Options): Promise<Engine> {
  const { storage, telemetry, log, onBroken } = options;
  const { journal, sequences, cluster: node } = storage;
  const clock = systemClock;
  const random = systemRandom;
  const onError = (error: unknown) => log.error({ err: error }, 'background work failed');
  const plane = await openControlPlane({ ...options, onError });
  const { registry, sources, rules, catalogue } = plane;
  const challenge = createChallenger({ ...options, userAgent: USER_AGENT, clock, random });
  const state = await journal.state();
  const writer = new JournalWriter({ journal, sequences, clock, onBroken });
  const { destinations, hydration } = waysOut(options, plane, () => publisher, onError);
  const dispatcher: Dispatcher = new Dispatcher({
    journal,
    state,
    writer,
    registry,
    destinations,
    clock,
    random,
    telemetry,
    mayAttempt: node && (() => node.holdsLease),
    onDisabled: (subscription, reason) => operational.disabled(subscription, reason),
    onError,
  });
  const replays = new Replays({
    store: storage.replays,
    journal,
    writer,
    directory: registry,
    bulk: dispatcher,
    clock,
    isShared: node !== undefined,
    onError,
  });
  const refusal = () => dispatcher.overload();
  const publisher: Publisher = createPublisher({
    writer,
    directory: registry,
    clock,
    refusal,
    rules,
  });
  const operational = operationalEvents({ publisher, clock, onError });
  const shared = { node, dispatcher, registry, sources, journal };
  const cluster = joinCluster({ ...shared, onBroken, onError });
  const ingest = receiving(options, { sources, publisher: hydration.publisher, writer }, onError);
  const told = { publisher, telemetry, operational, onError };
  const poller = createPolling({ ...options, ...told, sources, userAgent: USER_AGENT });
  catalogue.follow(cluster.changes);
  const pipe = { writer, destinations, dispatcher, replays, publisher };
  const ends = { ingest, poller, operational, cluster };
  const deletion = deletionOf(options, { ...plane, ...pipe }, onError);
  return { ...plane, ...pipe, ...ends, deletion, challenge };
}

/** Where deliveries go, and how what comes in may take the way round by hydration. */
function waysOut(
  options: Options,
  { registry, sources }: ControlPlane,
  publisher: () => Publisher,
  onError: (error: unknown) => void,
): { readonly destinations: Destinations; readonly hydration: Hydration } {
  const { storage, egress, transformer, publicUrl, links } = options;
  const userAgent = USER_AGENT;
  const payloads = { publicUrl, links };
  const webhook = createWebhookDestination({ egress, userAgent, transformer, payloads });
  const parts = { registry, sources, egress, userAgent, publisher, onError };
  const hydration = createHydration(parts);
  const { inboxes } = storage;
  const { brokers: guard } = egress;
  const others = { egress, guard, inboxes, clock: systemClock, transformer, payloads, onError };
  const hydrate = hydration.destination;
  return { destinations: createDestinations({ webhook, hydrate }, others), hydration };
}

function receiving(
  { egress, publicUrl, trustedProxies }: Options,
  parts: Pick<Engine, 'sources' | 'publisher' | 'writer'>,
  onError: (error: unknown) => void,
): Ingest {
  return createIngest({
    ...parts,
    clock: systemClock,
    keys: new GuardedKeySource({ egress, clock: systemClock }),
    confirm: (url) => confirmHandshake(egress, url),
    publicUrl,
    trustedProxies,
    onError,
  });
}

function deletionOf(
  { storage, log }: Options,
  parts: Pick<Engine, 'tenants' | 'registry' | 'sources' | 'writer' | 'dispatcher' | 'replays'>,
  onError: (error: unknown) => void,
): TenantDeletion {
  return new TenantDeletion({
    ...parts,
    tenantData: storage.tenantData,
    cluster: storage.cluster && { random: systemRandom },
    clock: systemClock,
    onDeleted: ({ name }, rows) => log.info({ tenant: name, rows }, 'a tenant was deleted'),
    onError,
  });
}
