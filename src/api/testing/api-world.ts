/**
 * The real API over the real pipe, on a loopback port. Unless a test brings its own, the store is
 * in memory, and the last step, the request to a receiver, is played: by `Receiver`.
 */
import type { AddressInfo } from 'node:net';
import type { Publisher } from '../../accept/publication.ts';
import { createPublisher } from '../../accept/publisher.ts';
import { TenantRules } from '../../accept/tenant-rules.ts';
import { EventCatalogue } from '../../catalogue/catalogue.ts';
import { operationalEvents } from '../../app/operational-events.ts';
import type { Destination } from '../../destinations/destination.ts';
import { TenantDeletion } from '../../app/tenant-deletion.ts';
import { Dispatcher } from '../../dispatch/dispatcher.ts';
import { Replays } from '../../dispatch/replay/replays.ts';
import type { BrokerEndpoint } from '../../domain/broker-url.ts';
import { generateApiKey, hashApiKey, type Scope } from '../../domain/api-key.ts';
import { parseMasterKeys, type MasterKey } from '../../domain/master-keys.ts';
import { ThinLinks } from '../../domain/thin-link.ts';
import { createIngest } from '../../ingest/ingest.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { TelemetryEvent } from '../../runtime/telemetry.ts';
import { systemClock, systemRandom } from '../../runtime/system.ts';
import { JournalWriter } from '../../storage/journal-writer.ts';
import { createMemoryStorage } from '../../storage/memory/store.ts';
import type { Storage } from '../../storage/storage.ts';
import { SourceRegistry } from '../../storage/source-registry.ts';
import { SubscriptionRegistry } from '../../storage/subscription-registry.ts';
import { TenantDirectory } from '../../storage/tenant-directory.ts';
import { TransformPool } from '../../transform/pool.ts';
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

function checkBroker({ host }: BrokerEndpoint) {
  const code = 'host_not_allowed';
  return host.endsWith('.internal')
    ? ({ ok: false, code, reason: 'the host is not public' } as const)
    : null;
}

export interface ApiWorld {
  readonly url: string;
  readonly api: Api;
  readonly deps: ApiDependencies;
  readonly storage: Storage;
  readonly registry: SubscriptionRegistry;
  readonly deletion: TenantDeletion;
  /** The real one, whatever the API was given. */
  readonly publisher: Publisher;
  readonly receiver: Receiver;
  /** What the API reported as our fault. */
  readonly errors: unknown[];
  /** The wide events of the API itself. */
  readonly telemetry: readonly TelemetryEvent[];
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
  /** Ends as if killed: nothing is drained, and the store is left to the caller. */
  crash(): Promise<void>;
}

/** What a test may bring along. */
export interface ApiWorldParts {
  readonly storage?: Storage;
  readonly destination?: Destination;
  /** Of the one who wrote the store before. */
  readonly masterKeys?: readonly MasterKey[];
}

export async function openApiWorld(
  overrides: Partial<ApiDependencies> = {},
  parts: ApiWorldParts = {},
): Promise<ApiWorld> {
  const storage = parts.storage ?? createMemoryStorage();
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const errors: unknown[] = [];
  const receiver = new Receiver();
  const wholeParts = { destination: receiver, masterKeys: randomMasterKeys(), ...parts };
  const pipe = await openPipe(storage, clock, errors, wholeParts);
  const { registry, deletion } = pipe;
  const content = openContent(wholeParts.masterKeys);
  const telemetry: TelemetryEvent[] = [];
  const catalogue = await openCatalogue(storage, clock, telemetry);
  const adminKey = generateApiKey(systemRandom.bytes(20));
  const adminKeyHash = hashApiKey(adminKey);
  let url = '';
  const given = dependencies(storage, clock, errors, pipe, () => url);
  const deps: ApiDependencies = {
    ...given,
    ...content,
    catalogue,
    adminKeyHash,
    ...overrides,
  };
  const api = await createApi(deps);
  url = await listen(api);
  return {
    url,
    api,
    deps,
    storage,
    registry,
    deletion,
    publisher: pipe.publisher,
    receiver,
    errors,
    telemetry,
    ...callers(url, adminKey),
    adminKey,
    passTime: (milliseconds) => {
      ahead += milliseconds;
    },
    ...endings({ receiver, api, storage, errors }, pipe, content.transformer),
  };
}

function endings(
  { receiver, api, storage, errors }: Pick<ApiWorld, 'receiver' | 'api' | 'storage' | 'errors'>,
  { dispatcher, replays, deletion }: Awaited<ReturnType<typeof openPipe>>,
  transformer: TransformPool,
) {
  return {
    async close() {
      receiver.answerAll();
      await api.close();
      await deletion.stop();
      await Promise.all([dispatcher.stop(), replays.stop()]);
      transformer.close();
      await storage.close();
    },
    async crash() {
      dispatcher.stop().catch((error: unknown) => errors.push(error));
      transformer.close();
      await api.close();
    },
  };
}

async function listen(api: Api): Promise<string> {
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

function callers(url: string, adminKey: string): Pick<ApiWorld, 'as' | 'withScopes' | 'anonymous'> {
  const as = (tenant: string) => caller(url, { key: adminKey, tenant });
  return {
    as,
    async withScopes(tenant, scopes) {
      const { json } = await as(tenant)('POST /v1/api-keys', { json: { name: 'test', scopes } });
      return caller(url, { key: String(json['key']) });
    },
    anonymous: caller(url, {}),
  };
}

function dependencies(
  storage: Storage,
  clock: Clock,
  errors: unknown[],
  pipe: Awaited<ReturnType<typeof openPipe>>,
  publicUrl: () => string,
) {
  const { journal, control, tenantData, inbound, pollStates } = storage;
  const { publisher, dispatcher, replays, registry, sources, tenants, rules } = pipe;
  const onError = (error: unknown) => errors.push(error);
  const operational = operationalEvents({ publisher, clock, onError });
  return {
    ...createIngest({
      ...pipe,
      clock,
      keys: { document: () => Promise.reject(new Error('no key is fetched here')) },
      confirm: () => Promise.reject(new Error('nothing is fetched here')),
      publicUrl,
      trustedProxies: [],
      onError,
    }),
    pollStatus: () => Promise.resolve(undefined),
    inbound,
    pollStates,
    inboundWritten: () => pipe.writer.flushed(),
    publicUrl,
    publisher,
    deliveries: dispatcher,
    replays,
    registry,
    sources,
    journal,
    control,
    tenants,
    tenantData,
    rates: rules,
    checkTarget,
    checkBroker,
    clock,
    random: systemRandom,
    sendTest: (subscription) => operational.sendTest(subscription),
    challenge: () => Promise.reject(new Error('no target is asked here')),
    health: () => undefined,
    readiness: () => ({ ok: true, checks: { storage: 'ok' } }),
    egressIps: [],
    version: '0.0.0-test',
    onError,
  } satisfies Omit<ApiDependencies, 'transformer' | 'links' | 'catalogue' | 'adminKeyHash'>;
}

function openContent(masterKeys: readonly MasterKey[]) {
  const transformer = new TransformPool({ clock: systemClock, boxes: 2 });
  return { transformer, links: new ThinLinks(masterKeys) };
}

async function openCatalogue(storage: Storage, clock: Clock, telemetry: TelemetryEvent[]) {
  const { control } = storage;
  const emit = (event: TelemetryEvent) => void telemetry.push(event);
  const catalogue = new EventCatalogue({ control, clock, telemetry: { emit } });
  await catalogue.load();
  return catalogue;
}

export function randomMasterKeys(): readonly MasterKey[] {
  return parseMasterKeys(Buffer.from(systemRandom.bytes(32)).toString('base64'));
}

async function openPipe(
  storage: Storage,
  clock: Clock,
  errors: unknown[],
  { destination, masterKeys }: Required<Pick<ApiWorldParts, 'destination' | 'masterKeys'>>,
) {
  const { journal, control, tenantData, sequences } = storage;
  const random = systemRandom;
  const registry = new SubscriptionRegistry({ control, masterKeys, clock, random });
  await registry.load();
  const sources = new SourceRegistry({ control, masterKeys, clock, random });
  await sources.load();
  const state = await journal.state();
  const onError = (error: unknown) => errors.push(error);
  const tenants = new TenantDirectory({ control, clock });
  await tenants.load();
  const rules = new TenantRules({ tenants, tenantData, clock, onError });
  await rules.start();
  const writer = new JournalWriter({
    journal,
    sequences,
    clock,
    onBroken: onError,
  });
  const dispatcher = new Dispatcher({
    journal,
    state,
    writer,
    registry,
    destinations: { webhook: destination },
    clock,
    random,
    telemetry: { emit: () => {} },
    onDisabled: () => {},
    onError,
  });
  const replays = new Replays({
    store: storage.replays,
    journal,
    writer,
    directory: registry,
    bulk: dispatcher,
    clock,
    onError,
  });
  const sending = { tenants, registry, sources, tenantData, writer, dispatcher, replays };
  const deletion = new TenantDeletion({ ...sending, clock, onDeleted: () => {}, onError });
  await deletion.start();
  await dispatcher.start();
  await replays.start();
  const publisher = createPublisher({
    writer,
    directory: registry,
    clock,
    refusal: () => dispatcher.overload(),
    rules,
  });
  return { registry, sources, writer, dispatcher, replays, publisher, tenants, rules, deletion };
}
