/** One request for a key document through the guarded client. */
import type { HttpResult } from '../../domain/attempt-result.ts';
import { KEY_FETCH_TIMEOUT_MS, MAX_KEY_DOCUMENT_BYTES } from '../../domain/limits-keys.ts';
import type { Egress } from '../../egress/port.ts';
import { keyAgeSeconds } from './cache-control.ts';

const MAX_CONNECTIONS = 4;
const OK = 200;
/** Connections for keys are shared by all tenants and with nothing else. */
const POOL_SCOPE = 'keys';
const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

export interface KeyDocumentAnswer {
  readonly text: string;
  readonly ageSeconds: number;
}

/**
 * @param post JSON; undefined for GET.
 * @throws Error, with a sentence that names neither address nor secret.
 */
export async function fetchKeyDocument(
  egress: Egress,
  url: URL,
  post: string | undefined,
): Promise<KeyDocumentAnswer> {
  const result = await new Promise<HttpResult>((resolve) => {
    egress.send(
      {
        url,
        method: post === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/json, application/x-pem-file, */*;q=0.1',
          ...(post === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: post === undefined ? null : encoder.encode(post),
        timeoutMs: KEY_FETCH_TIMEOUT_MS,
        maxConnections: MAX_CONNECTIONS,
        poolScope: POOL_SCOPE,
      },
      resolve,
    );
  });
  return answerOf(result);
}

function answerOf(result: HttpResult): KeyDocumentAnswer {
  if (result.kind === 'failure') throw new Error(`${result.reason}: ${result.detail}`);
  const { status, headers, body } = result;
  if (status >= 300 && status < 400) {
    throw new Error(`it answers with a redirect (${status}), which is not followed`);
  }
  if (status !== OK) throw new Error(`it answers with status ${status}`);
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new Error('it answers with an encoding that was not asked for');
  }
  if (body.length > MAX_KEY_DOCUMENT_BYTES) {
    throw new Error(`it answers with more than ${MAX_KEY_DOCUMENT_BYTES} bytes`);
  }
  return { text: textOf(body), ageSeconds: keyAgeSeconds(headers['cache-control']) };
}

function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new Error('it answers with bytes that are not UTF-8');
  }
}
