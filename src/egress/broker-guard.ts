/**
 * Where clients of brokers may connect to. They speak other protocols than HTTP and bring their own
 * sockets, so they ask here first and dial the addresses they are given, never a name.
 *
 * What is different from HTTP: each kind may use the ports it is at home on, a connection without
 * TLS leads only where the operator opened the address, and so does a name that only means
 * something inside (`rabbitmq`, `redis.internal`).
 */
import { isIP } from 'node:net';
import { BROKER_PORTS, type BrokerEndpoint } from '../domain/broker-url.ts';
import { classifyAddress } from './address-table.ts';
import type { BlockedConnect } from './connector.ts';
import { BLOCKED_DETAIL, EgressError, socketError } from './egress-error.ts';
import { brokerPortObjection, isMetadataName, nameObjection } from './host-rules.ts';
import { MAX_DIALLED_ADDRESSES } from './limits.ts';
import type { BrokerGuard, BrokerTls, ClientIdentity, VettedBroker } from './port.ts';
import type { Resolver } from './resolver.ts';
import { SecureContexts } from './secure-contexts.ts';
import {
  LOCALHOST_ADDRESSES,
  type TargetErrorCode,
  type TargetPolicy,
  type TargetRefusal,
} from './target-url.ts';

interface Options {
  readonly policy: TargetPolicy;
  readonly resolver: Resolver;
  /** PEM certificates of authorities trusted in addition to the usual ones. */
  readonly extraCa?: readonly string[] | undefined;
  readonly onBlocked?: ((blocked: BlockedConnect) => void) | undefined;
}

export function createBrokerGuard(options: Options): BrokerGuard {
  let contexts: SecureContexts | null = null;
  return {
    explain: (error) => {
      const { reason, message } = socketError(error);
      return { reason, detail: message };
    },
    check: (endpoint) => checkEndpoint(endpoint, options.policy),
    vet: (endpoint, identity) => {
      contexts ??= new SecureContexts(options.extraCa ?? []);
      return vet(endpoint, contexts, identity, options);
    },
  };
}

/** The rules that hold before resolution; `null` when the endpoint passes. */
function checkEndpoint(endpoint: BrokerEndpoint, policy: TargetPolicy): TargetRefusal | null {
  const { kind, host, port, tls } = endpoint;
  const isLiteral = isIP(host) !== 0;
  if (isLiteral || host === 'localhost') {
    const addresses = isLiteral ? [host] : LOCALHOST_ADDRESSES;
    if (addresses.some((address) => policy.allowTargets.allows(address, port))) return null;
    if (!isLiteral || !classifyAddress(host).allowed) {
      return refuse('address_not_allowed', 'leads to an address that is not a public internet one');
    }
    if (!tls) return refuse('scheme_not_allowed', NEEDS_TLS);
  } else {
    const nameProblem = nameObjection(host);
    // What the name leads to may have been opened; that is seen when it is resolved.
    const mayBeOpened = policy.allowTargets.entries.length > 0 && !isMetadataName(host);
    if (nameProblem !== null && !mayBeOpened) return refuse('host_not_allowed', nameProblem);
    if (!tls && !mayBeOpened) return refuse('scheme_not_allowed', NEEDS_TLS);
    if (mayBeOpened) return null;
  }
  const portProblem = brokerPortObjection(port, BROKER_PORTS[kind] ?? []);
  return portProblem === null ? null : refuse('port_not_allowed', portProblem);
}

const NEEDS_TLS =
  'must use TLS (amqps://, tls://, rediss://, "tls": true): without it only addresses that the ' +
  'operator has opened are reached';

/** Resolves once and judges every answer. */
async function vet(
  endpoint: BrokerEndpoint,
  contexts: SecureContexts,
  identity: ClientIdentity | null,
  options: Options,
): Promise<VettedBroker> {
  const refusal = checkEndpoint(endpoint, options.policy);
  if (refusal !== null) return block(endpoint, options, refusal.reason);
  const { host } = endpoint;
  try {
    const answers = await answersFor(host, endpoint.port, options);
    for (const address of answers) {
      // A mix of good and bad answers is how rebinding looks: none of them is used.
      const objection = addressObjection(address, endpoint, options.policy);
      if (objection !== null) return block(endpoint, options, `${address}: ${objection}`);
    }
    const tls: BrokerTls | null = endpoint.tls
      ? {
          ...(isIP(host) === 0 && { servername: host }),
          secureContext: contexts.of(identity),
          rejectUnauthorized: true,
        }
      : null;
    return { ok: true, addresses: answers.slice(0, MAX_DIALLED_ADDRESSES), tls };
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    return { ok: false, reason: error.reason, detail: error.message };
  }
}

async function answersFor(
  host: string,
  port: number,
  { policy, resolver }: Options,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  if (host !== 'localhost') return resolver.resolve(host);
  return LOCALHOST_ADDRESSES.filter((address) => policy.allowTargets.allows(address, port));
}

function addressObjection(
  address: string,
  { kind, host, port, tls }: BrokerEndpoint,
  { allowTargets }: TargetPolicy,
): string | null {
  if (allowTargets.allows(address, port)) return null;
  const verdict = classifyAddress(address);
  if (!verdict.allowed) return verdict.why;
  if (!tls) return NEEDS_TLS;
  const nameProblem = isIP(host) === 0 ? nameObjection(host) : null;
  return nameProblem ?? brokerPortObjection(port, BROKER_PORTS[kind] ?? []);
}

function block(endpoint: BrokerEndpoint, { onBlocked }: Options, why: string): VettedBroker {
  onBlocked?.({ host: endpoint.host, port: endpoint.port, why });
  return { ok: false, reason: 'blocked', detail: BLOCKED_DETAIL };
}

function refuse(code: TargetErrorCode, reason: string): TargetRefusal {
  return { ok: false, code, reason };
}
