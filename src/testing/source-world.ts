/** Registries of sources over one store in memory, as of several processes. */
import { parseMasterKeys } from '../domain/secret-box.ts';
import { DEFAULT_SOURCE_CHOICES, type Source, type SourceSettings } from '../domain/source.ts';
import { createMemoryStorage, MemoryData } from '../storage/memory/store.ts';
import { SourceRegistry } from '../storage/source-registry.ts';
import { faultyControl, type ControlFate } from './faulty-control.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { START_AT } from './simulated-world.ts';

export const OLD_KEY = Buffer.alloc(32, 1).toString('base64');
export const NEW_KEY = Buffer.alloc(32, 2).toString('base64');

export function sourceSettings(overrides: Partial<SourceSettings> = {}): SourceSettings {
  return { ...DEFAULT_SOURCE_CHOICES, provider: 'github', ...overrides };
}

interface Options {
  readonly data?: MemoryData;
  readonly clock?: SimulatedClock;
  /** Base64, comma-separated. */
  readonly masterKeys?: string;
  readonly seed?: number;
  readonly whenAllAreLost?: 'refuse' | 'disable';
}

/** One process with its registry, not loaded yet. */
export function sourceWorld(options: Options = {}) {
  const { data = new MemoryData(), clock = new SimulatedClock(START_AT) } = options;
  const { masterKeys = OLD_KEY, seed = 1, whenAllAreLost } = options;
  const { control } = createMemoryStorage(data);
  /** They befall the writes in order; later ones succeed. */
  const fates: ControlFate[] = [];
  const registry = new SourceRegistry({
    control: faultyControl(control, () => fates.shift() ?? {}),
    masterKeys: parseMasterKeys(masterKeys),
    clock,
    random: new SeededRandom(seed),
    whenAllAreLost,
  });
  const heard: string[] = [];
  registry.listen({
    created: ({ number }) => heard.push(`created ${number}`),
    changed: ({ status }) => heard.push(status),
    deleted: ({ number }) => heard.push(`deleted ${number}`),
  });
  const create = (secrets: readonly string[] = ['first'], tenant = 1): Promise<Source> =>
    registry.create({ tenant, settings: sourceSettings(), secrets });
  return { data, clock, registry, fates, heard, create };
}

/** Over what another process left behind. */
export async function restartedSources(data: MemoryData, options: Options = {}) {
  const world = sourceWorld({ ...options, data });
  const locked = await world.registry.load();
  return { ...world, locked };
}
