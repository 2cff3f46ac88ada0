/** What the pipe is told to do: subscriptions, tenants and their rules, the event catalogue. */
import type { Logger } from 'pino';
import { TenantRules } from '../accept/tenant-rules.ts';
import { EventCatalogue } from '../catalogue/catalogue.ts';
import type { MasterKey } from '../domain/master-keys.ts';
import type { Service } from '../runtime/service.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { Storage } from '../storage/storage.ts';
import { SourceRegistry } from '../storage/source-registry.ts';
import { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import { TenantDirectory } from '../storage/tenant-directory.ts';
import { reportLocked, reportLockedSources, secretUpkeep } from './secrets.ts';

export interface ControlPlane {
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly tenants: TenantDirectory;
  readonly rules: TenantRules;
  readonly catalogue: EventCatalogue;
  readonly upkeep: Service;
}

interface Options {
  readonly storage: Storage;
  readonly masterKeys: readonly MasterKey[];
  readonly whenAllAreLost: 'refuse' | 'disable';
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
}

/** Reads all of it into memory. */
export async function openControlPlane(options: Options): Promise<ControlPlane> {
  const { storage, telemetry, log, onError } = options;
  const { control, tenantData } = storage;
  const clock = systemClock;
  const registry = new SubscriptionRegistry({ ...options, control, clock, random: systemRandom });
  reportLocked(log, await registry.load());
  const sources = await openSources(options, registry);
  const upkeep = secretUpkeep({ registry, sources, clock, log, onError });
  const catalogue = new EventCatalogue({ control, clock, telemetry });
  const tenants = new TenantDirectory({ control, clock });
  await Promise.all([catalogue.load(), tenants.load()]);
  const rules = new TenantRules({ tenants, tenantData, clock, onError });
  await rules.start();
  return { registry, sources, tenants, rules, catalogue, upkeep };
}

/** Where the key opens subscriptions it is not the key that is wrong, whatever sources say. */
async function openSources(
  options: Options,
  registry: SubscriptionRegistry,
): Promise<SourceRegistry> {
  const { control } = options.storage;
  const fits = registry.known().some(({ number }) => registry.byNumber(number)?.secrets.length);
  const whenAllAreLost = fits ? 'disable' : options.whenAllAreLost;
  const parts = { control, clock: systemClock, random: systemRandom, whenAllAreLost } as const;
  const sources = new SourceRegistry({ ...options, ...parts });
  reportLockedSources(options.log, await sources.load());
  return sources;
}
