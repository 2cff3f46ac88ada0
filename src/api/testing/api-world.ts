/**
 * The real API over the real pipe and the store in memory, on a loopback port. Only the last step,
 * the request to a receiver, is played: by `Receiver`.
 */
import type { AddressInfo } from 'node:net';
import { createPublisher } from '../../accept/publisher.ts';
import { operationalEvents } from '../../app/operational-events.ts';
import { Dispatcher } from '../../dispatch/dispatcher.ts';
import { generateApiKey, hashApiKey, type Scope } from '../../domain/api-key.ts';
import { parseMasterKeys } from '../../domain/secret-box.ts';
import type { Clock } from '../../runtime/clock.ts';
import { systemClock, systemRandom } from '../../runtime/system.ts';
import { JournalWriter } from '../../storage/journal-writer.ts';
import { createMemoryStorage } from '../../storage/memory/store.ts';
import type { Storage } from '../../storage/storage.ts';
import { SubscriptionRegistry } from '../../storage/subscription-registry.ts';
import { createApi } from '../api.ts';
import type { ApiDependencies, TargetCheck } from '../deps.ts';
import type { Api } from '../route-types.ts';
import { caller, type Call } from './caller.ts';
import { Receiver } from './receiver.ts';

/** Hosts under `.internal` stand for what the egress guard refuses. */
function checkTarget(text: string): TargetCheck {
  const url = URL.parse(text);
  if (url === null) return { ok: false, code: 'invalid_url', reason: 'it is no URL' };
  return url.hostname.endsWith('.internal')
    ? { ok: false, code: 'host_not_allowed', reason: 'the host is not public' }
    : { ok: true, url };
}

export interface ApiWorld {
  readonly url: string;
  readonly api: Api;
  readonly deps: ApiDependencies;
  readonly storage: Storage;
  readonly registry: SubscriptionRegistry;
  readonly receiver: Receiver;
  /** What the API reported as our fault. */
  readonly errors: unknown[];
  /** Calls as the admin key for a tenant; each test takes a tenant of its own. */
  as(tenant: string): Call;
  /** Calls with a new key of that tenant that holds these scopes alone. */
  withScopes(tenant: string, scopes: readonly Scope[]): Promise<Call>;
  /** Calls with any Authorization header, or none. */
  readonly anonymous: Call;
  readonly adminKey: string;
  /** Lets the wall clock jump ahead. */
  passTime(milliseconds: number): void;
  close(): Promise<void>;
}

export async function openApiWorld(overrides: Partial<ApiDependencies> = {}): Promise<ApiWorld> {
  const adminKey = generateApiKey(systemRandom.bytes(20));
  const storage = createMemoryStorage();
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const errors: unknown[] = [];
  const receiver = new Receiver();
  const { registry, dispatcher, publisher } = await openPipe(storage, clock, receiver, errors);
  const { journal, control } = storage;
  const operational = operationalEvents({ publisher, onError: (error) => errors.push(error) });
  const deps: ApiDependencies = {
    publisher,
    deliveries: dispatcher,
    registry,
    journal,
    control,
    checkTarget,
    clock,
    random: systemRandom,
    adminKeyHash: hashApiKey(adminKey),
    sendTest: (subscription) => operational.sendTest(subscription),
    health: () => undefined,
    readiness: () => ({ ok: true, checks: { storage: 'ok' } }),
    version: '0.0.0-test',
    onError: (error) => errors.push(error),
    ...overrides,
  };
  const api = await createApi(deps);
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const as = (tenant: string) => caller(url, { key: adminKey, tenant });
  return {
    url,
    api,
    deps,
    storage,
    registry,
    receiver,
    errors,
    as,
    async withScopes(tenant, scopes) {
      const { json } = await as(tenant)('POST /v1/api-keys', { json: { name: 'test', scopes } });
      return caller(url, { key: String(json['key']) });
    },
    anonymous: caller(url, {}),
    adminKey,
    passTime: (milliseconds) => {
      ahead += milliseconds;
    },
    async close() {
      receiver.answerAll();
      await api.close();
      await dispatcher.stop();
      await storage.close();
    },
  };
}

async function openPipe(storage: Storage, clock: Clock, receiver: Receiver, errors: unknown[]) {
  const { journal, control } = storage;
  const masterKeys = parseMasterKeys(Buffer.from(systemRandom.bytes(32)).toString('base64'));
  const random = systemRandom;
  const registry = new SubscriptionRegistry({ control, masterKeys, clock, random });
  await registry.load();
  const state = await journal.state();
  const onError = (error: unknown) => errors.push(error);
  const writer = new JournalWriter({
    journal,
    lastSequence: state.lastSequence,
    clock,
    onBroken: onError,
  });
  const dispatcher = new Dispatcher({
    journal,
    state,
    writer,
    registry,
    destinations: { webhook: receiver },
    clock,
    random,
    telemetry: { emit: () => {} },
    onDisabled: () => {},
    onError,
  });
  await dispatcher.start();
  const publisher = createPublisher({
    writer,
    directory: registry,
    clock,
    refusal: () => dispatcher.overload(),
  });
  return { registry, dispatcher, publisher };
}
