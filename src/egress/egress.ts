import type { Clock } from '../runtime/clock.ts';
import { NO_ALLOWED_TARGETS } from './allow-targets.ts';
import type { AllowTargets } from './allow-targets.ts';
import { createBrokerGuard } from './broker-guard.ts';
import { EgressClient } from './client.ts';
import { createConnectors } from './connector.ts';
import type { BlockedConnect } from './connector.ts';
import { CONNECT_TIMEOUT_MS } from './limits.ts';
import { Pools } from './pools.ts';
import type { PoolLimits } from './pools.ts';
import type { Egress } from './port.ts';
import { createDnsResolver } from './resolver.ts';
import type { Resolver } from './resolver.ts';
import { runSelfTest } from './self-test.ts';
import { checkTargetUrl } from './target-url.ts';

export type { Egress, EgressRequest } from './port.ts';

export interface EgressLimits extends PoolLimits {
  /** TCP and TLS handshakes together, milliseconds. Default `CONNECT_TIMEOUT_MS`. */
  readonly connectTimeoutMs?: number | undefined;
}

export interface EgressOptions {
  /** What the operator opened; `NO_ALLOWED_TARGETS` for nothing. */
  readonly allowTargets: AllowTargets;
  /** Whether plain http is accepted for public targets too. */
  readonly allowHttp: boolean;
  readonly clock: Clock;
  /** Default: DNS. */
  readonly resolver?: Resolver | undefined;
  readonly limits?: EgressLimits | undefined;
  /** A customer CA may be added: PEM certificates trusted on top of the usual authorities. */
  readonly extraCa?: readonly string[] | undefined;
  /** Called for each refused connect with what only operators may see. */
  readonly onBlocked?: ((blocked: BlockedConnect) => void) | undefined;
}

/** The guarded HTTP client. Proxy variables of the environment have no effect on it. */
export function createEgress(options: EgressOptions): Egress {
  const { clock, limits = {} } = options;
  const policy = { allowTargets: options.allowTargets, allowHttp: options.allowHttp };
  const resolver = options.resolver ?? createDnsResolver({ clock });
  const connectors = createConnectors({
    clock,
    policy,
    resolver,
    connectTimeoutMs: limits.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    extraCa: options.extraCa,
    onBlocked: options.onBlocked,
  });
  const client = new EgressClient(clock, new Pools(clock, connectors, limits));
  return {
    send: (request, done) => client.send(request, done),
    checkTarget: (text) => checkTargetUrl(text, policy),
    brokers: createBrokerGuard({ ...options, policy, resolver }),
    selfTest: () => runSelfTest((played) => createUnopenedEgress(clock, played)),
    close: () => client.close(),
  };
}

/** The same client as it is where the operator opened nothing; http lets it get to the guard. */
function createUnopenedEgress(clock: Clock, resolver: Resolver): Egress {
  return createEgress({ clock, resolver, allowTargets: NO_ALLOWED_TARGETS, allowHttp: true });
}
