import { connect as connectTcp } from 'node:net';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../runtime/clock.ts';
import { connectError, EgressError, tlsError } from './egress-error.ts';

/** TCP keep-alive probes start after this much silence, so that a vanished peer is noticed. */
const PROBE_AFTER_MS = 30_000;

/** The port to TCP, so that a test can play a network that connects to another address. */
export type OpenSocket = (options: TcpNetConnectOpts) => Socket;

export const openTcpSocket: OpenSocket = (options) => connectTcp(options);

export interface TcpDial {
  readonly clock: Clock;
  readonly open: OpenSocket;
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** Connects to one address, never to a name. Rejects with `connect` or `timeout`. */
export function dialTcp(dial: TcpDial): Promise<Socket> {
  const socket = dial.open({
    host: dial.address,
    port: dial.port,
    autoSelectFamily: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  });
  return settleHandshake(dial.clock, socket, 'connect', dial.timeoutMs, connectError);
}

export interface TlsDial {
  readonly clock: Clock;
  readonly socket: Socket;
  /** The name the certificate must be for and that goes into SNI; `null` for a literal address. */
  readonly servername: string | null;
  /** The literal address, checked against the certificate when there is no name. */
  readonly address: string;
  readonly secureContext: SecureContext;
  readonly session: Buffer | undefined;
  readonly onSession: (session: Buffer) => void;
  readonly timeoutMs: number;
}

/** Puts TLS on a connected socket. Rejects with `tls` or `timeout`. */
export function dialTls(dial: TlsDial): Promise<Socket> {
  const socket = connectTls({
    socket: dial.socket,
    host: dial.address,
    ...(dial.servername === null ? {} : { servername: dial.servername }),
    secureContext: dial.secureContext,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    ...(dial.session === undefined ? {} : { session: dial.session }),
  });
  // Node holds a session back until the peer is verified, so nothing unverified is stored.
  socket.on('session', dial.onSession);
  return settleHandshake(dial.clock, socket, 'secureConnect', dial.timeoutMs, tlsError);
}

function settleHandshake(
  clock: Clock,
  socket: Socket,
  readyEvent: 'connect' | 'secureConnect',
  timeoutMs: number,
  explain: (error: unknown) => EgressError,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () => {
      reject(new EgressError('timeout', 'the connection was not set up in time'));
      socket.destroy();
    });
    socket.once(readyEvent, () => {
      timer.cancel();
      resolve(socket);
    });
    // Stays on: an error between here and the HTTP layer's own listener must not be uncaught.
    socket.on('error', (error) => {
      timer.cancel();
      reject(explain(error));
      // A TLS alert is followed by an end, which the HTTP layer would take for the reason.
      socket.destroy();
    });
  });
}
