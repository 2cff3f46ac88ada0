/** Who asks, and what a route demands of them. */
import { allows, type Scope } from '../../domain/api-key.ts';
import { Problem } from '../problems.ts';

export interface Principal {
  readonly tenant: number;
  readonly scopes: readonly Scope[];
}

/**
 * What a route asks for: a scope, nothing at all, or the admin key itself. No scope is enough for
 * the last one, because a tenant's own key may hold every scope. Every route declares it.
 */
export type Access = Scope | 'public' | 'operator';

/** @throws Problem `missing_scope` */
export function demand(principal: Principal, scope: Scope): void {
  if (allows(principal.scopes, scope)) return;
  throw new Problem('missing_scope', `This needs an API key with the scope ${scope}.`);
}
