/** Reads from and writes to Node's http objects, by structure so that nothing is imported. */
import type { BodyRead } from '../receiver/handle.ts';
import type { Reply } from '../receiver/replies.ts';

interface Listen {
  (event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  (event: 'end', listener: () => void): unknown;
  (event: 'close', listener: () => void): unknown;
  (event: 'error', listener: (error: Error) => void): unknown;
}

/** The readable side alone, for frameworks that put a stream of their own in front. */
export interface ByteStream {
  on: Listen;
  off: Listen;
}

export interface NodeRequest extends ByteStream {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  readonly socket?: object | undefined;
  /** True once anything has read from the stream. */
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
}

export interface NodeResponse {
  readonly headersSent?: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(text: string): unknown;
}

/** Whether someone else has taken bytes out of the request. */
export function wasRead(request: NodeRequest): boolean {
  return request.readableDidRead ?? request.readableEnded ?? false;
}

/** The URL as the sender may know it: a proxy in front that ends TLS knows better. */
export function wholeUrl(
  { headers, socket, url = '/' }: Pick<NodeRequest, 'headers' | 'socket' | 'url'>,
  protocol = isEncrypted(socket) ? 'https' : 'http',
): string {
  return `${protocol}://${String(headers['host'] ?? 'localhost')}${url}`;
}

function isEncrypted(socket: object | undefined): boolean {
  return socket !== undefined && 'encrypted' in socket && socket.encrypted === true;
}

export function declaredLength(headers: NodeRequest['headers']): number {
  return Number(headers['content-length'] ?? 0);
}

/** @param length The content-length header, to refuse without reading. */
export async function readStream(
  stream: ByteStream,
  length: number,
  maxBytes: number,
): Promise<BodyRead> {
  if (length > maxBytes) return { problem: 'body_too_large' };
  const chunks = await readChunks(stream, maxBytes);
  return chunks === undefined ? { problem: 'body_too_large' } : joined(chunks);
}

/**
 * `undefined` when there are too many bytes. The rest is then left to the server, which throws it
 * away: breaking the connection could destroy the answer before the sender has read it.
 */
function readChunks(stream: ByteStream, maxBytes: number): Promise<Uint8Array[] | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    const stop = () => {
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('error', onError);
      stream.off('close', onClose);
    };
    const onData = (chunk: Uint8Array) => {
      total += chunk.length;
      if (total <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      stop();
      resolve(undefined);
    };
    const onEnd = () => {
      stop();
      resolve(chunks);
    };
    const onError = (error: Error) => {
      stop();
      reject(error);
    };
    const onClose = () => onError(new Error('The connection closed before the body was complete'));
    stream.on('error', onError);
    stream.on('close', onClose);
    stream.on('end', onEnd);
    stream.on('data', onData);
  });
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Does nothing when someone else, such as a timeout, has answered: a second answer would throw. */
export function writeReply(response: NodeResponse, reply: Reply): void {
  if (response.headersSent) return;
  response.writeHead(reply.status, { ...reply.headers });
  response.end(reply.body);
}
