/**
 * The receiver of `bellwire dev`: somewhere for the first event to arrive. It verifies signatures
 * as any receiver should, prints what came, and shows the latest at GET /.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readChallenge } from '../protocol/challenge.ts';
import { verifyStandard } from '../protocol/schemes/standard.ts';
import { HEADER_AGENT_SIGNATURE } from '../protocol/headers.ts';
import { systemClock } from '../runtime/system.ts';

const KEPT_ARRIVALS = 20;
const MAX_BODY_BYTES = 2 * 1024 * 1024;

export interface DevReceiver {
  readonly url: string;
  /** For the subscription, so that it can verify. */
  readonly secret: string;
  stop(): Promise<void>;
}

interface Arrival {
  readonly received_at: string;
  readonly signature: string;
  readonly headers: Record<string, string | undefined>;
  readonly body: unknown;
}

const SHOWN_HEADERS = [
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  HEADER_AGENT_SIGNATURE,
  'bellwire-attempt',
];

interface Options {
  /** The port to try first; a taken one is replaced by a free one. */
  readonly port: number;
  readonly secret: string;
}

export async function startDevReceiver({ port, secret }: Options): Promise<DevReceiver> {
  const arrivals: Arrival[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'GET') return answer(response, 200, arrivals);
    readBody(request).then(
      (body) => {
        const arrival = toArrival(request, body, secret);
        arrivals.unshift(arrival);
        arrivals.length = Math.min(arrivals.length, KEPT_ARRIVALS);
        console.log(`<- ${describe(arrival)}`);
        const challenge = readChallenge(body);
        answer(response, arrival.signature === 'valid' ? 200 : 403, {
          signature: arrival.signature,
          ...(challenge !== undefined && arrival.signature === 'valid' && { challenge }),
        });
      },
      () => answer(response, 413, { error: 'the body is too large or broke off' }),
    );
  });
  await listen(server, port).catch(() => listen(server, 0));
  const { port: boundPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${boundPort}`,
    secret,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new RangeError('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toArrival(request: IncomingMessage, body: Buffer, secret: string): Arrival {
  const header = (name: string) => request.headers[name]?.toString();
  const now = systemClock.now();
  const verdict = verifyStandard({
    secrets: [secret],
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signatureHeader: header('webhook-signature'),
    body,
    nowSeconds: Math.floor(now / 1000),
  });
  return {
    received_at: new Date(now).toISOString(),
    signature: verdict.ok ? 'valid' : verdict.reason,
    headers: Object.fromEntries(SHOWN_HEADERS.map((name) => [name, header(name)])),
    body: parsed(body),
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return body.toString();
  }
}

function describe({ headers, signature, body }: Arrival): string {
  const type = (body as { event_type?: unknown } | null)?.event_type;
  return `${String(type)} ${headers['webhook-id']} (signature ${signature})`;
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}
