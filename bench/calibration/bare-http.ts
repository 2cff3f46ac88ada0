/** What the bare servers share: node:http as it comes, whole bodies, small JSON answers. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../lib/listen.ts';

export type Answer = (status: number, json: string) => void;
export type Handle = (request: IncomingMessage, body: Buffer, answer: Answer) => void;

/** Serves on a free loopback port, tells the parent which, and ends with it. */
export async function serveBare(handle: Handle): Promise<void> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const first = chunks[0];
      const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      handle(request, body, (status, json) => answerWith(response, status, json));
    });
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.send?.({ port: await listenOnLoopback(server) });
}

function answerWith(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}
