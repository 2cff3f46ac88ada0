/** One call of the API: headers, timeout, retries, and the answer as JSON or as an error. */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { BellwireError, errorFromResponse } from './error.ts';
import { DEFAULT_RETRY, nextDelayMs, parseRetryAfter } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

export const DEFAULT_TIMEOUT_MS = 30_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Such as `http://127.0.0.1:8420`; the client adds `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** For the admin key, which belongs to no tenant. */
  readonly tenant?: string;
  /** Default: the runtime's own. */
  readonly fetch?: Fetch;
  /** Of each try. Default 30 s. */
  readonly timeoutMs?: number;
  /** Parts left out keep their defaults: 3 retries, 250 ms doubling, at most 30 s. */
  readonly retry?: Partial<RetryPolicy>;
  readonly clock?: Clock;
  /** Gives numbers in [0, 1), for jitter. */
  readonly random?: () => number;
}

/** Options of a single call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

export type QueryValue = string | number | boolean | undefined;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Behind `/v1`, its variable parts already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  /** Answers the body itself, to be read as it comes; the timeout is over once it begins. */
  readonly stream?: boolean;
  /** May be repeated although it may have been carried out. Default: all but POST. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** @typeParam T What the API promises to answer; it is believed, not checked. */
export type Transport = <T>(call: Call) => Promise<T>;

/** @throws TypeError for a base URL that is none. */
export function createTransport(options: ClientOptions): Transport {
  const base = new URL(options.baseUrl).href.replace(/\/+$/, '');
  const clock = options.clock ?? systemClock;
  const policy = { ...DEFAULT_RETRY, ...options.retry };
  const random = options.random ?? Math.random;
  return async <T>(call: Call) => {
    const url = `${base}/v1${call.path}${queryText(call.query)}`;
    const init = initOf(options, call);
    const repeatable = call.repeatable ?? call.method !== 'POST';
    for (let failures = 1; ; failures += 1) {
      const result = await once(options, clock, url, init, call);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see the type of Transport
      if (!(result instanceof BellwireError)) return result.value as T;
      const delayMs = nextDelayMs(policy, result, failures, repeatable, random());
      if (delayMs === undefined || call.signal?.aborted) throw result;
      await pause(clock, delayMs, call.signal);
    }
  };
}

function queryText(query: Call['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

function initOf(options: ClientOptions, call: Call): RequestInit {
  const headers: Record<string, string> = {
    accept: 'application/json',
    authorization: `Bearer ${options.apiKey}`,
  };
  if (options.tenant !== undefined) headers['bellwire-tenant'] = options.tenant;
  if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
  // A redirect would carry the key somewhere else; it becomes an error instead.
  const init = { method: call.method, headers, redirect: 'manual' } as const;
  if (call.body === undefined) return init;
  headers['content-type'] = 'application/json';
  return { ...init, body: JSON.stringify(call.body) };
}

/** An answer, or the error it amounts to. Returned, not thrown: the caller may try again. */
async function once(
  options: ClientOptions,
  clock: Clock,
  url: string,
  init: RequestInit,
  { signal, stream }: Call,
): Promise<{ value: unknown } | BellwireError> {
  const send = options.fetch ?? fetch;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => deadline.abort());
  const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal];
  try {
    const response = await send(url, { ...init, signal: AbortSignal.any(signals) });
    if (response.ok && stream === true) return { value: response.body };
    const text = await response.text();
    if (response.ok) return { value: parseAnswer(response.status, text) };
    const retryAfter = parseRetryAfter(response.headers.get('retry-after'), clock.now());
    return errorFromResponse(response.status, text, retryAfter);
  } catch (cause) {
    if (cause instanceof BellwireError) return cause;
    if (signal?.aborted) return abortedError(cause);
    if (deadline.signal.aborted) return timeoutError(timeoutMs, cause);
    const title = 'The API could not be reached';
    return new BellwireError({ status: 0, code: 'connection_failed', title, cause });
  } finally {
    timer.cancel();
  }
}

/** An answer without content is read as `null`. */
function parseAnswer(status: number, text: string): unknown {
  try {
    return JSON.parse(text === '' ? 'null' : text);
  } catch (cause) {
    const title = 'The answer is not JSON';
    throw new BellwireError({ status, code: 'unexpected_response', title, cause });
  }
}

function abortedError(cause: unknown): BellwireError {
  return new BellwireError({ status: 0, code: 'aborted', title: 'The call was aborted', cause });
}

function timeoutError(timeoutMs: number, cause: unknown): BellwireError {
  const title = `The API did not answer within ${timeoutMs} ms`;
  return new BellwireError({ status: 0, code: 'timeout', title, cause });
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      timer.cancel();
      reject(abortedError(signal?.reason));
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
