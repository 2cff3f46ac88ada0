/** Real HTTP on a free loopback port, for harnesses. */
import type { Server } from 'node:http';
import type { MountedReceiver, OutgoingRequest } from './receiver-contract.ts';

export function post(url: string, { headers, body }: OutgoingRequest): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body, duplex: 'half' });
}

export interface Listening extends MountedReceiver {
  readonly url: string;
}

export async function listening(server: Server, path = '/hook'): Promise<Listening> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port to talk to');
  const url = `http://127.0.0.1:${address.port}${path}`;
  return {
    url,
    send: (request) => post(url, request),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
