/** What an API key may do. Everything is denied unless a scope allows it. */

export const SCOPES = [
  'events:write',
  'events:read',
  'subscriptions:write',
  'subscriptions:read',
  'deliveries:write',
  'deliveries:read',
  'api_keys:write',
  'api_keys:read',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * `admin` allows all. Otherwise the scope itself must be held: writing does not include reading, so
 * that a key that only publishes can't be used to read events back.
 */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
