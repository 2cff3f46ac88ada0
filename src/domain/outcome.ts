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
  {
    reason: 'gone',
    meaning: 'The receiver answered 410 Gone or `webhook-delivery: disable`: no more events.',
  },
  {
    reason: 'aborted',
    meaning: 'The receiver answered with `webhook-delivery: abort`: no other try of this event.',
  },
  {
    reason: 'auth_failed',
    meaning: 'No access token could be had, or a broker does not take the credentials.',
  },
  {
    reason: 'overloaded',
    meaning: 'A broker can hold no more for now: full, out of memory, or without a leader.',
  },
  {
    reason: 'rejected',
    meaning: 'The destination will never take this event: too large, or nowhere to put it.',
  },
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
  | {
      readonly kind: 'delivered';
      /** Set when the receiver took it and asked for no more: one sentence for a person. */
      readonly disables?: string;
    }
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
  /** No other try of this event. */
  | {
      readonly kind: 'abort';
      readonly reason: 'aborted' | 'rejected';
      readonly detail: string;
      readonly throttles: boolean;
    }
  /** No more events at all. */
  | { readonly kind: 'disable'; readonly reason: 'gone'; readonly detail: string };

/** Shared, because nearly every try ends here. */
const DELIVERED: Verdict = Object.freeze({ kind: 'delivered' });

/** What a receiver may ask for in its answer, beside what the status says. */
const WISH_HEADER = 'webhook-delivery';

/**
 * 2xx delivers. 410 disables the subscription. Everything else is tried again by the schedule,
 * a 4xx too: receivers deploy, and an event that was refused yesterday is often taken today.
 * 429, 502, 503, 504 and a timeout also tell the lane to slow down (Standard Webhooks, "Delivery
 * and retries"). `webhook-delivery: abort` on a failure ends the delivery at once, and
 * `webhook-delivery: disable` on any answer does what 410 does. What a broker will never take
 * (`rejected`) ends at once, too.
 */
export function classify(result: AttemptResult): Verdict {
  if (result.kind === 'taken') return DELIVERED;
  if (result.kind === 'failure') {
    if (result.reason === 'rejected') {
      return { kind: 'abort', reason: 'rejected', detail: result.detail, throttles: false };
    }
    const throttles = result.reason === 'timeout' || result.reason === 'overloaded';
    return { kind: 'retry', reason: result.reason, detail: result.detail, throttles };
  }
  const { status } = result;
  const header = result.headers[WISH_HEADER];
  const wish = header === undefined ? undefined : wishOf(header);
  if (status >= 200 && status < 300) {
    return wish === 'disable' ? { kind: 'delivered', disables: asked(status, wish) } : DELIVERED;
  }
  if (wish === 'disable') return { kind: 'disable', reason: 'gone', detail: asked(status, wish) };
  if (status === 410) return { kind: 'disable', reason: 'gone', detail: answered(status) };
  if (wish === 'abort') {
    const throttles = isThrottlingStatus(status);
    return { kind: 'abort', reason: 'aborted', detail: asked(status, wish), throttles };
  }
  if (status >= 300 && status < 400) return retry(result, 'redirect', redirectDetail(result));
  return retry(result, 'status', answered(status));
}

type Wish = 'abort' | 'disable';

/** Of a repeated header the larger wish counts; what is not understood is ignored. */
function wishOf(header: string): Wish | undefined {
  const words = header.split(',').map((word) => word.trim().toLowerCase());
  if (words.includes('disable')) return 'disable';
  return words.includes('abort') ? 'abort' : undefined;
}

function asked(status: number, wish: Wish): string {
  return `${answered(status)} with "${WISH_HEADER}: ${wish}"`;
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
