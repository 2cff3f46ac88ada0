/**
 * What one try of a delivery came back with, before anyone judged it.
 *
 * Every destination reduces its protocol to this shape; `domain/outcome.ts` turns it into a
 * verdict.
 */

/** Why no usable response arrived. Part of the documented closed list of failure reasons. */
export type TransportFailure =
  | 'timeout'
  | 'connect'
  | 'dns'
  | 'tls'
  | 'reset'
  | 'blocked'
  | 'response_too_large'
  | 'auth_failed'
  | 'rejected'
  | 'overloaded'
  | 'transform_failed';

export interface ResponseResult {
  readonly kind: 'response';
  /** HTTP status, 100–599. */
  readonly status: number;
  /** Names in lower case; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first bytes of the body, at most the egress limit; never decoded. */
  readonly body: Uint8Array;
  readonly durationMs: number;
}

export interface TransportFailureResult {
  readonly kind: 'failure';
  readonly reason: TransportFailure;
  /** One sentence for a person. Never holds a resolved address or a secret. */
  readonly detail: string;
  readonly durationMs: number;
}

/** A broker has confirmed that it holds the event. */
export interface TakenResult {
  readonly kind: 'taken';
  /** Where it is now, for people: `entry 1719-0 of the stream`. Holds no secret. */
  readonly detail: string;
  readonly durationMs: number;
}

/** What HTTP can come back with. */
export type HttpResult = ResponseResult | TransportFailureResult;

export type AttemptResult = HttpResult | TakenResult;
