/** Lets the AWS client send its signed requests through egress, instead of sockets of its own. */
import type { TransportFailureResult } from '../../domain/attempt-result.ts';
import { MAX_SQS_CONNECTIONS, SQS_ANSWER_TIMEOUT_MS } from '../../domain/limits-streams.ts';
import type { Egress, EgressRequest } from '../../egress/port.ts';

/** No answer came; says why. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly failure: TransportFailureResult;

  constructor(failure: TransportFailureResult) {
    super(failure.detail);
    this.failure = failure;
  }
}

interface Options {
  readonly egress: Pick<Egress, 'send'>;
  /** Connections are shared within one only. */
  readonly poolScope: string;
  /** Breaks off what is under way. */
  readonly signal: AbortSignal;
}

/** What the client hands over, as far as it matters here. */
interface ClientRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface ClientResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** The `requestHandler` of a client. */
export function guardedHandler({ egress, poolScope, signal }: Options) {
  const send = (request: EgressRequest) =>
    new Promise<ClientResponse>((resolve, reject) => {
      const handle = egress.send(request, (result) => {
        signal.removeEventListener('abort', abort);
        if (result.kind === 'failure') return reject(new NoAnswer(result));
        const { status: statusCode, headers, body } = result;
        return resolve({ statusCode, headers: { ...headers }, body });
      });
      const abort = () => handle.abort();
      signal.addEventListener('abort', abort);
    });
  return {
    async handle(request: ClientRequest) {
      const response = await send({
        url: urlOf(request),
        method: 'POST',
        headers: headersOf(request),
        body: bodyOf(request),
        timeoutMs: SQS_ANSWER_TIMEOUT_MS,
        maxConnections: MAX_SQS_CONNECTIONS,
        poolScope,
      });
      return { response };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function urlOf({ protocol, hostname, port, path }: ClientRequest): URL {
  return new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
}

/** Egress sets these itself, from the URL and the body: the values that were signed. */
const OF_EGRESS: ReadonlySet<string> = new Set(['host', 'content-length']);

function headersOf({ headers }: ClientRequest): string[] {
  return Object.entries(headers)
    .filter(([name]) => !OF_EGRESS.has(name.toLowerCase()))
    .flat();
}

function bodyOf({ body }: ClientRequest): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError('the body of a request to SQS is text or bytes');
}
