/**
 * The secrets that a source may put into its own requests, by the name a template gives them:
 * `{secret}` is the newest of `secrets`, `{secret:api_key}` the one of `credentials` so called.
 */
import type { Source } from './source.ts';

const NAMED = /^secret:([a-z][a-z0-9_]{0,63})$/;

/** Names of `credentials`. */
export const CREDENTIAL_NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** Undefined for a name that is no secret's, or a secret that the source does not have. */
export function secretByName(
  { secrets, credentials }: Pick<Source, 'secrets' | 'credentials'>,
  name: string,
): string | undefined {
  if (name === 'secret') return secrets[0];
  const key = NAMED.exec(name)?.[1];
  if (key === undefined || credentials === undefined) return undefined;
  return Object.hasOwn(credentials, key) ? credentials[key] : undefined;
}
