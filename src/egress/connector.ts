import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Clock } from '../runtime/clock.ts';
import { classifyAddress } from './address-table.ts';
import { dialTcp, dialTls, openTcpSocket } from './dial.ts';
import type { OpenSocket } from './dial.ts';
import { BLOCKED_DETAIL, EgressError } from './egress-error.ts';
import { isSameAddress } from './ip-address.ts';
import { MAX_DIALLED_ADDRESSES, MAX_TLS_SESSIONS } from './limits.ts';
import { LruMap } from './lru.ts';
import type { Resolver } from './resolver.ts';
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

/** The one way a socket to the outside is made; the steps are explained in README.md. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const connector = new Connector(options);
  return (request, callback) => {
    const target = targetHost(request.protocol, request.hostname, request.port);
    void connectInto(connector, target, callback);
  };
}

async function connectInto(
  connector: Connector,
  target: TargetHost,
  callback: buildConnector.Callback,
): Promise<void> {
  let socket: Socket;
  try {
    socket = await connector.connect(target);
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)), null);
    return;
  }
  callback(null, socket);
}

class Connector {
  readonly #options: ConnectorOptions;
  readonly #openSocket: OpenSocket;
  readonly #secureContext: SecureContext;
  readonly #sessions = new LruMap<Buffer>(MAX_TLS_SESSIONS);

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#openSocket = options.openSocket ?? openTcpSocket;
    // One context for all connections: loading the root store anew costs more than a handshake.
    const extraCa = options.extraCa ?? [];
    this.#secureContext = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(extraCa.length === 0 ? {} : { ca: [...getCACertificates('default'), ...extraCa] }),
    });
  }

  async connect(target: TargetHost): Promise<Socket> {
    const refusal = checkHost(target, this.#options.policy);
    if (refusal !== null) throw this.#block(target, refusal.reason);
    const addresses = await this.#vettedAddresses(target);
    const deadline = new ConnectDeadline(this.#options.clock, this.#options.connectTimeoutMs);
    const { socket, address } = await this.#dialFirst(addresses, target.port, deadline);
    return target.protocol === 'https:' ? this.#secure(socket, target, address, deadline) : socket;
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
    target: TargetHost,
    address: string,
    deadline: ConnectDeadline,
  ): Promise<Socket> {
    // The address is part of the key: a session must not follow a name to another machine.
    const sessionKey = `${target.host} ${target.port} ${address}`;
    try {
      return await dialTls({
        clock: this.#options.clock,
        socket,
        servername: isIP(target.host) === 0 ? target.host : null,
        address,
        secureContext: this.#secureContext,
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
