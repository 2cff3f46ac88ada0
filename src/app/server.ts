/** The composition root: the only place that names implementations and puts them together. */
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { createApi } from '../api/api.ts';
import { hashApiKey } from '../domain/api-key.ts';
import { MAX_TRANSFORM_BOXES } from '../domain/limits.ts';
import { ThinLinks } from '../domain/thin-link.ts';
import { createEgress } from '../egress/egress.ts';
import type { Egress } from '../egress/port.ts';
import { EndpointStatsKeeper } from '../observe/endpoint-stats.ts';
import { fanOutTelemetry, logTelemetry } from '../observe/log.ts';
import type { Service } from '../runtime/service.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { openPostgresStorage } from '../storage/postgres/store.ts';
import { openSqliteStorage } from '../storage/sqlite/store.ts';
import type { Storage } from '../storage/storage.ts';
import { TransformPool } from '../transform/pool.ts';
import { checkOfSources } from './asking-sources.ts';
import type { Config } from './config.ts';
import { addressList } from './address-list.ts';
import { closeDestinations } from './destinations.ts';
import { parseEgressIps } from './egress-ips.ts';
import { createEngine, type Engine } from './engine.ts';
import type { Keys } from './keys.ts';
import { createRetention } from './retention.ts';
import { PublicUrl } from './public-url.ts';
import { tlsFactory } from './tls.ts';
import { allowedTargets, databaseFailure, listenFailure, secretsFailure } from './start-failure.ts';
import { VERSION } from './version.ts';

export interface Server extends Service {
  /** Where it listens, known once started. */
  readonly url: string;
}

interface Options {
  readonly config: Config;
  readonly keys: Keys;
  readonly log: Logger;
  /** The store can't be trusted any more; end the process. */
  readonly onBroken: (error: Error) => void;
}

/** Opens the store, proves the egress guard, and wires the pipe. Nothing listens before `start`. */
export async function createServer(options: Options): Promise<Server> {
  const { config, keys, log, onBroken } = options;
  const storage = await openStorage(config, log);
  try {
    const stats = new EndpointStatsKeeper();
    const telemetry = fanOutTelemetry([stats, logTelemetry(log)]);
    const egress = await openEgress(config, telemetry, log);
    const { masterKeys } = keys;
    const transforms = new TransformPool({ clock: systemClock, boxes: transformBoxes() });
    const links = new ThinLinks(masterKeys);
    const publicUrl = new PublicUrl(config);
    const engine = await createEngine({
      storage,
      masterKeys,
      whenAllAreLost: config.lost_secrets,
      egress,
      origin: new URL(publicUrl.text).hostname,
      transformer: transforms,
      publicUrl: () => publicUrl.text,
      links,
      leaseMs: config.node_lease_seconds * 1000,
      trustedProxies: addressList(config.trusted_proxies),
      telemetry,
      log,
      onBroken,
    });
    const retention = createRetention({ config, storage, telemetry, log, tenants: engine.tenants });
    const parts = { storage, egress, transforms, links, publicUrl, stats, engine, retention };
    return await serve(options, parts);
  } catch (error) {
    await storage.close();
    throw secretsFailure(error);
  }
}

async function openStorage(config: Config, log: Logger): Promise<Storage> {
  const { data, database_url: url, node_lease_seconds: leaseSeconds } = config;
  if (url === undefined) return openSqliteStorage({ directory: data });
  const onError = (error: unknown) => log.warn({ err: error }, 'PostgreSQL will be tried again');
  try {
    const clock = systemClock;
    const leaseMs = leaseSeconds * 1000;
    return await openPostgresStorage({ url, clock, random: systemRandom, leaseMs, onError });
  } catch (error) {
    throw databaseFailure(error);
  }
}

/** @throws Error when the guard lets something through: better no server than an open one. */
async function openEgress(config: Config, telemetry: Telemetry, log: Logger): Promise<Egress> {
  const allowTargets = allowedTargets(config);
  const clock = systemClock;
  const egress = createEgress({
    allowTargets,
    allowHttp: false,
    clock,
    onBlocked: ({ host, why }) =>
      telemetry.emit({ event: 'target.blocked', at: clock.now(), host, why }),
  });
  await egress.selfTest();
  if (allowTargets.entries.length > 0) {
    log.warn({ allow_targets: allowTargets.entries }, 'private addresses may be delivered to');
  }
  return egress;
}

/** Two at least, so that one tenant never holds all of them; the server itself needs a core too. */
function transformBoxes(): number {
  return Math.min(Math.max(2, availableParallelism() - 1), MAX_TRANSFORM_BOXES);
}

interface Parts {
  readonly storage: Storage;
  readonly egress: Egress;
  readonly transforms: TransformPool;
  readonly links: ThinLinks;
  readonly publicUrl: PublicUrl;
  readonly stats: EndpointStatsKeeper;
  readonly engine: Engine;
  readonly retention: Service;
}

async function serve(options: Options, parts: Parts): Promise<Server> {
  const { config } = options;
  const { storage, egress, transforms, publicUrl, engine, retention } = parts;
  const { dispatcher, replays, deletion, cluster, upkeep, ingest, poller } = engine;
  const api = await openApi(options, parts);
  let url = '';
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    // The dispatcher first: it makes the server unready and refuses what still comes in.
    const polled = poller.stop();
    const drained = dispatcher.stop();
    await api.close();
    ingest.stop();
    await upkeep.stop();
    await Promise.all([polled, deletion.stop(), retention.stop()]);
    await Promise.all([drained, replays.stop()]);
    transforms.close();
    await closeDestinations(engine.destinations);
    await cluster.stop();
    await egress.close();
    await storage.close();
  };
  return {
    get url() {
      return url;
    },
    async start() {
      await deletion.start();
      await dispatcher.start();
      await cluster.start();
      await replays.start();
      await upkeep.start();
      await retention.start();
      await poller.start();
      await api.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
        throw listenFailure(error, config);
      });
      url = publicUrl.listens(config.host, api.server.address());
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function openApi({ config, keys, log }: Options, parts: Parts) {
  const { storage, egress, transforms, links, publicUrl, stats, engine } = parts;
  const { journal, control, tenantData, inbound, pollStates } = storage;
  const { registry, sources, catalogue, tenants, rules } = engine;
  const { publisher, ingest, poller, replays, operational, cluster } = engine;
  return createApi({
    publisher,
    deliveries: cluster.deliveries,
    changes: cluster.changes,
    replays,
    registry,
    sources,
    ...ingest,
    checkSource: checkOfSources(ingest.checkSource, egress),
    pollStatus: (source) => poller.status(source),
    inbound,
    pollStates,
    inboundWritten: () => engine.writer.flushed(),
    publicUrl: () => publicUrl.text,
    catalogue,
    journal,
    control,
    tenants,
    tenantData,
    rates: rules,
    checkTarget: (text) => egress.checkTarget(text),
    checkBroker: (endpoint) => egress.brokers.check(endpoint),
    transformer: transforms,
    links,
    clock: systemClock,
    random: systemRandom,
    adminKeyHash: hashApiKey(keys.adminKey),
    sendTest: (subscription) => operational.sendTest(subscription),
    challenge: (subscription) => engine.challenge(subscription),
    health: (subscription) => stats.of(subscription, systemClock.now()),
    readiness: () => readiness(engine, storage),
    egressIps: parseEgressIps(config.egress_ips),
    version: VERSION,
    serverFactory: tlsFactory(config),
    onError: (error, where) => log.error({ err: error, where }, 'a request failed'),
  });
}

function readiness({ dispatcher, writer }: Engine, { cluster }: Storage) {
  const store = writer.failure?.message ?? 'ok';
  const accepting = dispatcher.overload() ?? 'ok';
  const lease = (cluster?.holdsLease ?? true) ? 'ok' : 'out of touch with the database';
  const checks = { store, accepting, ...(cluster && { lease }) };
  return { ok: Object.values(checks).every((check) => check === 'ok'), checks };
}
