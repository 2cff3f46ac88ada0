/** A real HTTP server that answers from a script and remembers what it was asked. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `cut` breaks the connection instead of answering; `hang` never answers. */
export type Answer =
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    }
  | 'cut'
  | 'hang';

export interface FakeApi {
  readonly baseUrl: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** @param answer Called for each request with its number, from 0. */
export async function fakeApi(answer: (asked: Asked, number: number) => Answer): Promise<FakeApi> {
  const asked: Asked[] = [];
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const body = await textOf(request);
    asked.push({ method, url, headers, body });
    const given = answer({ method, url, headers, body }, asked.length - 1);
    if (given === 'hang') return;
    if (given === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(given.status ?? 200, given.headers ?? {});
    response.end(given.text ?? (given.json === undefined ? '' : JSON.stringify(given.json)));
  }

  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port to talk to');
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
