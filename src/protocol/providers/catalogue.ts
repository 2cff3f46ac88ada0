/** All providers, by id. */
import { AGENTS } from './agents.ts';
import { BUSINESS } from './business.ts';
import { CLOUD } from './cloud.ts';
import { COMMUNICATION } from './communication.ts';
import { DEVELOPER } from './developer.ts';
import { MODELS } from './models.ts';
import { PAYMENTS } from './payments.ts';
import { PROTOCOLS } from './protocols.ts';
import type { Provider } from './provider.ts';
import { VOICE } from './voice.ts';

/** In the order of their areas. */
export const PROVIDERS: readonly Provider[] = [
  ...PROTOCOLS,
  ...AGENTS,
  ...MODELS,
  ...VOICE,
  ...DEVELOPER,
  ...COMMUNICATION,
  ...PAYMENTS,
  ...CLOUD,
  ...BUSINESS,
];

const BY_ID: ReadonlyMap<string, Provider> = new Map(PROVIDERS.map((entry) => [entry.id, entry]));

/** `undefined` for an id that nobody has. */
export function findProvider(id: string): Provider | undefined {
  return BY_ID.get(id);
}
