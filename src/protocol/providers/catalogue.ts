/** All providers, by id. */
import type { Provider } from './provider.ts';

export const PROVIDERS: readonly Provider[] = [];

const BY_ID: ReadonlyMap<string, Provider> = new Map(PROVIDERS.map((entry) => [entry.id, entry]));

/** `undefined` for an id that nobody has. */
export function findProvider(id: string): Provider | undefined {
  return BY_ID.get(id);
}
