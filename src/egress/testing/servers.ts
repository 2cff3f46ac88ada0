import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, Server as HttpServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface RunningServer {
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections open now. */
  readonly open: number;
}

/** An HTTP server on loopback that ends with the test. */
export function startHttp(
  t: TestContext,
  listener: RequestListener,
  host = '127.0.0.1',
): Promise<RunningServer> {
  return startServer(t, createHttpServer(listener), host);
}

/** A TCP server on loopback that ends with the test. */
export function startTcp(
  t: TestContext,
  onSocket: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<RunningServer> {
  return startServer(t, createTcpServer(onSocket), host);
}

/** Starts a server on a free port, or on `port`. */
export async function startServer(
  t: TestContext,
  server: Server | HttpServer,
  host = '127.0.0.1',
  port = 0,
): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => resolve());
  });
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was bound');
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
  };
}

/** Writes a raw response to each request's first bytes. */
export function answerRaw(write: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => write(socket));
  };
}
