import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Clock } from '../runtime/clock.ts';
import { classifyAddress } from './address-table.ts';
import { dialTcp, dialTls, openTcpSocket } from './dial.ts';
import type { OpenSocket } from './dial.ts';
import { BLOCKED_DETAIL, EgressError } from './egress-error.ts';
import { isSameAddress } from './ip-address.ts';
import { MAX_DIALLED_ADDRESSES, MAX_TLS_SESSIONS } from './limits.ts';
import { LruMap } from '../domain/lru.ts';
import type { ClientIdentity } from './port.ts';
import type { Resolver } from './resolver.ts';
import { SecureContexts } from './secure-contexts.ts';
import { checkHost, LOCALHOST_ADDRESSES, targetHost } from './target-url.ts';
import type { TargetHost, TargetPolicy } from './target-url.ts';

/** A refused connect, for operators only: it names what tenants must not see. */
export interface BlockedConnect {
  readonly host: string;
  readonly port: number;
  readonly why: string;
}

export interface ConnectorOptions {
  readonly clock: Clock;
  readonly policy: TargetPolicy;
  readonly resolver: Resolver;
  /** TCP and TLS together, over all addresses. */
  readonly connectTimeoutMs: number;
  /** PEM certificates of authorities trusted in addition to the usual ones. */
  readonly extraCa?: readonly string[] | undefined;
  readonly onBlocked?: ((blocked: BlockedConnect) => void) | undefined;
  /** Default: real TCP. */
  readonly openSocket?: OpenSocket | undefined;
}

/** Gives the connector of one client identity, or of none. */
export type Connectors = (identity: ClientIdentity | null) => buildConnector.connector;

/** The one way a socket to the outside is made; the steps are explained in README.md. */
export function createConnectors(options: ConnectorOptions): Connectors {
  const connector = new Connector(options);
  const connectAs =
    (identity: ClientIdentity | null): buildConnector.connector =>
    (request, callback) => {
      const target = targetHost(request.protocol, request.hostname, request.port);
      void connectInto(connector, target, identity, callback);
    };
  const anonymous = connectAs(null);
  return (identity) => (identity === null ? anonymous : connectAs(identity));
}

async function connectInto(
  connector: Connector,
  target: TargetHost,
  identity: ClientIdentity | null,
  callback: buildConnector.Callback,
): Promise<void> {
  let socket: Socket;
  try {
    socket = await connector.connect(target, identity);
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)), null);
    return;
  }
  callback(null, socket);
}

class Connector {
  readonly #options: ConnectorOptions;
  readonly #openSocket: OpenSocket;
  readonly #secureContexts: SecureContexts;
  readonly #sessions = new LruMap<Buffer>(MAX_TLS_SESSIONS);

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#openSocket = options.openSocket ?? openTcpSocket;
    this.#secureContexts = new SecureContexts(options.extraCa ?? []);
  }

  async connect(target: TargetHost, identity: ClientIdentity | null): Promise<Socket> {
    const refusal = checkHost(target, this.#options.policy);
    if (refusal !== null) throw this.#block(target, refusal.reason);
    const addresses = await this.#vettedAddresses(target);
    const deadline = new ConnectDeadline(this.#options.clock, this.#options.connectTimeoutMs);
    const { socket, address } = await this.#dialFirst(addresses, target.port, deadline);
    if (target.protocol !== 'https:') return socket;
    return this.#secure(socket, { target, address, identity }, deadline);
  }

  /** Resolves once and judges every answer; these very addresses are dialled, none other. */
  async #vettedAddresses(target: TargetHost): Promise<readonly string[]> {
    const { host, port } = target;
    if (host === 'localhost') {
      return LOCALHOST_ADDRESSES.filter((ip) => this.#options.policy.allowTargets.allows(ip, port));
    }
    const answers = isIP(host) === 0 ? await this.#options.resolver.resolve(host) : [host];
    for (const address of answers) {
      // A mix of public and private answers is how rebinding looks: none of them is used.
      const objection = this.#objection(address, port);
      if (objection !== null) throw this.#block(target, `${address}: ${objection}`);
    }
    return answers.slice(0, MAX_DIALLED_ADDRESSES);
  }

  #objection(address: string, port: number): string | null {
    const verdict = classifyAddress(address);
    if (verdict.allowed || this.#options.policy.allowTargets.allows(address, port)) return null;
    return verdict.why;
  }

  async #dialFirst(
    addresses: readonly string[],
    port: number,
    deadline: ConnectDeadline,
  ): Promise<{ socket: Socket; address: string }> {
    let failure: unknown = new EgressError('dns', 'the host name of the target has no address');
    for (const [index, address] of addresses.entries()) {
      // Each address gets its share of what is left, so a silent first one can't eat the rest.
      const timeoutMs = deadline.remainingMs() / (addresses.length - index);
      if (timeoutMs <= 0) break;
      const dial = { clock: this.#options.clock, open: this.#openSocket, address, port, timeoutMs };
      try {
        const socket = await dialTcp(dial);
        this.#confirmPeer(socket, address, port);
        return { socket, address };
      } catch (error) {
        failure = error;
        if (error instanceof EgressError && error.reason === 'blocked') break;
      }
    }
    throw failure;
  }

  /** Trusts the kernel's word on where we are over our own intent. */
  #confirmPeer(socket: Socket, pinned: string, port: number): void {
    const actual = socket.remoteAddress ?? '';
    const objection = isSameAddress(actual, pinned)
      ? this.#objection(actual, port)
      : `connected to ${actual} instead`;
    if (objection === null) return;
    socket.destroy();
    const target = { protocol: '', host: pinned, port };
    throw this.#block(target, `${pinned}: ${objection}`);
  }

  async #secure(
    socket: Socket,
    { target, address, identity }: TlsPeers,
    deadline: ConnectDeadline,
  ): Promise<Socket> {
    // The address is part of the key: a session must not follow a name to another machine. So is
    // the identity: who resumes a session is to the server who began it.
    const sessionKey = `${target.host} ${target.port} ${address} ${identity?.id ?? ''}`;
    try {
      return await dialTls({
        clock: this.#options.clock,
        socket,
        servername: isIP(target.host) === 0 ? target.host : null,
        address,
        secureContext: this.#secureContexts.of(identity),
        session: this.#sessions.get(sessionKey),
        onSession: (session) => this.#sessions.set(sessionKey, session),
        timeoutMs: deadline.remainingMs(),
      });
    } catch (error) {
      this.#sessions.delete(sessionKey);
      socket.destroy();
      throw error;
    }
  }

  #block(target: TargetHost, why: string): EgressError {
    this.#options.onBlocked?.({ host: target.host, port: target.port, why });
    return new EgressError('blocked', BLOCKED_DETAIL);
  }
}

/** Both ends of a TLS connection. */
interface TlsPeers {
  readonly target: TargetHost;
  /** The address that was dialled. */
  readonly address: string;
  readonly identity: ClientIdentity | null;
}

class ConnectDeadline {
  readonly #clock: Clock;
  readonly #at: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#at = clock.monotonic() + timeoutMs;
  }

  remainingMs(): number {
    return Math.max(0, this.#at - this.#clock.monotonic());
  }
}
