/** Judges what a try came back with. Pure: the same result always earns the same verdict. */
import type { AttemptResult, ResponseResult } from './attempt-result.ts';
import { statusPhrase } from './status-phrase.ts';

/**
 * Why a try failed, or why a delivery is not being tried: the documented closed list, each reason
 * with one sentence for documentation and for people who look at a failed try.
 */
export const FAILURE_REASONS = [
  {
    reason: 'timeout',
    meaning: 'The receiver did not answer within the time limit of the subscription.',
  },
  {
    reason: 'connect',
    meaning: 'No connection could be opened: refused, unreachable, or too slow to open.',
  },
  { reason: 'dns', meaning: 'The host name of the target could not be resolved.' },
  {
    reason: 'tls',
    meaning: 'The TLS handshake failed: certificate, protocol version or host name.',
  },
  { reason: 'reset', meaning: 'The connection broke before a whole answer had arrived.' },
  {
    reason: 'blocked',
    meaning: 'The target leads to an address that the operator does not allow.',
  },
  {
    reason: 'response_too_large',
    meaning: 'The answer was larger than Bellwire is willing to read.',
  },
  { reason: 'status', meaning: 'The receiver answered with a status other than 2xx.' },
  {
    reason: 'redirect',
    meaning: 'The receiver answered with a redirect, and redirects are never followed.',
  },
  { reason: 'gone', meaning: 'The receiver answered 410 Gone, which asks for no more events.' },
  {
    reason: 'transform_failed',
    meaning: 'The transformation of the subscription could not be applied to the event.',
  },
  {
    reason: 'secret_unavailable',
    meaning: 'A secret needed for the request could not be opened with the master keys.',
  },
  {
    reason: 'breaker_open',
    meaning: 'The target has failed too often lately; no try is spent until it is probed again.',
  },
  {
    reason: 'interrupted',
    meaning: 'Bellwire stopped during the try; it does not count and is made again.',
  },
] as const satisfies readonly { reason: string; meaning: string }[];
export type FailureReason = (typeof FAILURE_REASONS)[number]['reason'];

export type Verdict =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'retry';
      readonly reason: FailureReason;
      /** One sentence for a person. */
      readonly detail: string;
      /** True when the lane should shrink: the receiver is alive but can't keep up. */
      readonly throttles: boolean;
      /** The `retry-after` header as received; `parseRetryAfter` reads it. */
      readonly retryAfter?: string;
    }
  | { readonly kind: 'disable'; readonly reason: 'gone'; readonly detail: string };

/** Shared, because nearly every try ends here. */
const DELIVERED: Verdict = Object.freeze({ kind: 'delivered' });

/**
 * 2xx delivers. 410 disables the subscription. Everything else is tried again by the schedule,
 * a 4xx too: receivers deploy, and an event that was refused yesterday is often taken today.
 * 429, 502, 503, 504 and a timeout also tell the lane to slow down (Standard Webhooks, "Delivery
 * and retries").
 */
export function classify(result: AttemptResult): Verdict {
  if (result.kind === 'failure') {
    const throttles = result.reason === 'timeout';
    return { kind: 'retry', reason: result.reason, detail: result.detail, throttles };
  }
  const { status } = result;
  if (status >= 200 && status < 300) return DELIVERED;
  if (status === 410) {
    return { kind: 'disable', reason: 'gone', detail: answered(status) };
  }
  if (status >= 300 && status < 400) return retry(result, 'redirect', redirectDetail(result));
  return retry(result, 'status', answered(status));
}

function retry(result: ResponseResult, reason: FailureReason, detail: string): Verdict {
  const throttles = isThrottlingStatus(result.status);
  const retryAfter = result.headers['retry-after'];
  if (retryAfter === undefined) return { kind: 'retry', reason, detail, throttles };
  return { kind: 'retry', reason, detail, throttles, retryAfter };
}

function isThrottlingStatus(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

function answered(status: number): string {
  return `the receiver answered ${statusPhrase(status)}`;
}

function redirectDetail(result: ResponseResult): string {
  return `${answered(result.status)}, and redirects are never followed`;
}

export { parseRetryAfter } from './retry-after.ts';
