/** The composition root: the only place that names implementations and puts them together. */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { createApi } from '../api/api.ts';
import { hashApiKey } from '../domain/api-key.ts';
import { createEgress } from '../egress/egress.ts';
import type { Egress } from '../egress/port.ts';
import { EndpointStatsKeeper } from '../observe/endpoint-stats.ts';
import { fanOutTelemetry, logTelemetry } from '../observe/log.ts';
import type { Service } from '../runtime/service.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { openSqliteStorage } from '../storage/sqlite/store.ts';
import type { Storage } from '../storage/storage.ts';
import type { Config } from './config.ts';
import { createEngine, type Engine } from './engine.ts';
import type { Keys } from './keys.ts';
import { allowedTargets, listenFailure, secretsFailure } from './start-failure.ts';
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
  const storage = await openSqliteStorage({ directory: config.data });
  try {
    const stats = new EndpointStatsKeeper();
    const telemetry = fanOutTelemetry([stats, logTelemetry(log)]);
    const egress = await openEgress(config, telemetry, log);
    const { masterKeys } = keys;
    const engine = await createEngine({ storage, masterKeys, egress, telemetry, log, onBroken });
    return await serve(options, { storage, egress, stats, engine });
  } catch (error) {
    await storage.close();
    throw secretsFailure(error);
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

interface Parts {
  readonly storage: Storage;
  readonly egress: Egress;
  readonly stats: EndpointStatsKeeper;
  readonly engine: Engine;
}

async function serve({ config, keys, log }: Options, parts: Parts): Promise<Server> {
  const { storage, egress, engine } = parts;
  const { dispatcher } = engine;
  const api = await openApi(keys, log, parts);
  let url = '';
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    // The dispatcher first: it makes the server unready and refuses what still comes in.
    const drained = dispatcher.stop();
    await api.close();
    await drained;
    await egress.close();
    await storage.close();
  };
  return {
    get url() {
      return url;
    },
    async start() {
      await dispatcher.start();
      await api.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
        throw listenFailure(error, config);
      });
      url = urlOf(config.host, api.server.address());
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function openApi(keys: Keys, log: Logger, { storage, egress, stats, engine }: Parts) {
  const { journal, control } = storage;
  const { registry, publisher, dispatcher, operational } = engine;
  return createApi({
    publisher,
    deliveries: dispatcher,
    registry,
    journal,
    control,
    checkTarget: (text) => egress.checkTarget(text),
    clock: systemClock,
    random: systemRandom,
    adminKeyHash: hashApiKey(keys.adminKey),
    sendTest: (subscription) => operational.sendTest(subscription),
    health: (subscription) => stats.of(subscription, systemClock.now()),
    readiness: () => readiness(engine),
    version: VERSION,
    onError: (error, where) => log.error({ err: error, where }, 'a request failed'),
  });
}

function readiness({ dispatcher, writer }: Engine) {
  const store = writer.failure?.message ?? 'ok';
  const accepting = dispatcher.overload() ?? 'ok';
  return { ok: store === 'ok' && accepting === 'ok', checks: { store, accepting } };
}

function urlOf(host: string, address: AddressInfo | string | null): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const port = typeof address === 'object' ? address?.port : undefined;
  return `http://${name}:${String(port)}`;
}
