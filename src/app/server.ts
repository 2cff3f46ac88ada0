/** The composition root: the only place that names implementations and puts them together. */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { createPublisher } from '../accept/publisher.ts';
import { createApi } from '../api/api.ts';
import { createWebhookDestination } from '../destinations/webhook/webhook.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { hashApiKey } from '../domain/api-key.ts';
import { createEgress, type Egress } from '../egress/egress.ts';
import { EndpointStatsKeeper } from '../observe/endpoint-stats.ts';
import { fanOutTelemetry, logTelemetry } from '../observe/log.ts';
import type { Service } from '../runtime/service.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import { openSqliteStorage } from '../storage/sqlite/store.ts';
import type { Storage } from '../storage/storage.ts';
import { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import type { Config } from './config.ts';
import type { Keys } from './keys.ts';
import { operationalEvents } from './operational-events.ts';
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

/**
 * Opens the store, proves the egress guard, and wires the pipe. Nothing listens before `start`.
 *
 * @throws ConfigError, StorageError or StartError, with nothing left running.
 */
export async function createServer(options: Options): Promise<Server> {
  const { config, keys, log } = options;
  const allowTargets = allowedTargets(config);
  const storage = await openSqliteStorage({ directory: config.data });
  const stats = new EndpointStatsKeeper();
  const telemetry = fanOutTelemetry([stats, logTelemetry(log)]);
  const egress = createEgress({
    allowTargets,
    allowHttp: false,
    clock: systemClock,
    onBlocked: ({ host, why }) =>
      telemetry.emit({ event: 'target.blocked', at: systemClock.now(), host, why }),
  });
  if (allowTargets.entries.length > 0) {
    log.warn({ allow_targets: allowTargets.entries }, 'private addresses may be delivered to');
  }
  try {
    await egress.selfTest();
    return await wire(options, { storage, egress, stats, telemetry, keys });
  } catch (error) {
    // Their threads and timers would keep a process alive that serves nobody.
    await Promise.all([egress.close(), storage.close()]);
    throw error;
  }
}

interface Parts {
  readonly storage: Storage;
  readonly egress: Egress;
  readonly stats: EndpointStatsKeeper;
  readonly telemetry: ReturnType<typeof fanOutTelemetry>;
  readonly keys: Keys;
}

async function wire({ config, log, onBroken }: Options, parts: Parts): Promise<Server> {
  const { storage, egress, stats, telemetry, keys } = parts;
  const { journal, control } = storage;
  const clock = systemClock;
  const random = systemRandom;
  const registry = new SubscriptionRegistry({
    control,
    masterKeys: keys.masterKeys,
    clock,
    random,
  });
  await registry.load().catch((error: unknown) => {
    throw secretsFailure(error);
  });
  const state = await journal.state();
  const writer = new JournalWriter({ journal, lastSequence: state.lastSequence, clock, onBroken });
  const onError = (error: unknown) => log.error({ err: error }, 'background work failed');
  const dispatcher: Dispatcher = new Dispatcher({
    journal,
    state,
    writer,
    registry,
    destinations: { webhook: createWebhookDestination({ egress, userAgent: USER_AGENT }) },
    clock,
    random,
    telemetry,
    onDisabled: (subscription, reason) => operational.disabled(subscription, reason),
    onError,
  });
  const publisher = createPublisher({
    writer,
    directory: registry,
    clock,
    refusal: () => dispatcher.overload(),
  });
  const operational = operationalEvents({ publisher, onError });
  const api = await createApi({
    publisher,
    deliveries: dispatcher,
    registry,
    journal,
    control,
    checkTarget: egress.checkTarget,
    clock,
    random,
    adminKeyHash: hashApiKey(keys.adminKey),
    sendTest: operational.sendTest,
    health: (subscription) => stats.of(subscription, clock.now()),
    readiness: () => readiness(dispatcher),
    version: VERSION,
    onError: (error, where) => log.error({ err: error, where }, 'a request failed'),
  });
  let url = '';
  let stopping: Promise<void> | undefined;
  return {
    get url() {
      return url;
    },
    async start() {
      await dispatcher.start();
      await api.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
        throw listenFailure(error, config);
      });
      url = urlOf(config.host, api.server.address() as AddressInfo);
    },
    stop() {
      stopping ??= (async () => {
        // The dispatcher first: it makes the server unready and refuses what still comes in.
        const drained = dispatcher.stop();
        await api.close();
        await drained;
        await egress.close();
        await storage.close();
      })();
      return stopping;
    },
  };
}

const USER_AGENT = `Bellwire/${VERSION}`;

function readiness(dispatcher: Dispatcher): { ok: boolean; checks: Record<string, string> } {
  const refusal = dispatcher.overload();
  return { ok: refusal === undefined, checks: { store: 'ok', accepting: refusal ?? 'ok' } };
}

function urlOf(host: string, address: AddressInfo): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${address.port}`;
}
