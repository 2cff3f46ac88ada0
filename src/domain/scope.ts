/** What an API key may do. Everything is denied unless a scope allows it. */

export const SCOPES = [
  'events:write',
  'events:read',
  'subscriptions:write',
  'subscriptions:read',
  'deliveries:write',
  'deliveries:read',
  'sources:write',
  'sources:read',
  'api_keys:write',
  'api_keys:read',
  'event_types:write',
  'event_types:read',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What concerns every tenant of the installation. The `admin` scope of a tenant's key does not
 * include them: they must be named, and only who holds one can give it away.
 */
const INSTALLATION_SCOPES: readonly Scope[] = ['event_types:write'];

/** The scopes of the admin key itself. */
export const ALL_SCOPES: readonly Scope[] = ['admin', ...INSTALLATION_SCOPES];

/**
 * `admin` allows all of a tenant. Otherwise the scope itself must be held: writing does not include
 * reading, so that a key that only publishes can't be used to read events back.
 */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  if (scopes.includes(needed)) return true;
  return scopes.includes('admin') && !INSTALLATION_SCOPES.includes(needed);
}

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
