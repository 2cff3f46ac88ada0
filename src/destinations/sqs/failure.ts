/** What SQS and its client report, reduced to a reason of the closed list. */
import type { TransportFailure } from '../../domain/attempt-result.ts';
import { NoAnswer } from './guarded-handler.ts';

export interface SqsFailure {
  readonly reason: TransportFailure;
  /** One sentence for a person; holds no secret. */
  readonly detail: string;
  /** True when it is about the queue, whatever the message. */
  readonly isOfQueue?: boolean;
}

/** Parts of the codes of AWS, which has several for each thing. */
const AUTH = anyOf([
  'AccessDenied',
  'AccessKey',
  'ClientToken',
  'Credential',
  'ExpiredToken',
  'InvalidSecurity',
  'MissingAuthentication',
  'OptInRequired',
  'Signature',
  'UnrecognizedClient',
]);

const BUSY = anyOf([
  'InternalError',
  'InternalFailure',
  'OverLimit',
  'QueueDeletedRecently',
  'RequestTimeout',
  'ServiceUnavailable',
  'Throttl',
  'TooManyRequests',
]);

const NO_QUEUE = /QueueDoesNotExist|NonExistentQueue/;

const SERVER_ERROR = 500;
const TOO_MANY = 429;

/** Codes are words; anything else is not shown. */
const CODE = /^[\w.]{1,80}$/;

/** @param error whatever the client's `send` rejected with. */
export function sqsFailure(error: unknown): SqsFailure {
  const { failure, name, status } = facts(error);
  if (failure !== undefined) return failure;
  if (AUTH.test(name)) return { reason: 'auth_failed', detail: refused(name) };
  if (NO_QUEUE.test(name)) {
    const detail = 'there is no such queue in this region';
    return { reason: 'rejected', detail, isOfQueue: true };
  }
  if (BUSY.test(name) || status >= SERVER_ERROR || status === TOO_MANY) {
    return { reason: 'overloaded', detail: `SQS takes no messages just now (${shown(name)})` };
  }
  if (status >= 400) return rejectedEntry(name);
  return { reason: 'reset', detail: `the answer of SQS could not be read (${shown(name)})` };
}

/** One entry of a batch that was not taken. */
export function entryFailure(entry: {
  readonly Code?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}): SqsFailure {
  const code = entry.Code ?? 'unknown';
  if (AUTH.test(code)) return { reason: 'auth_failed', detail: refused(code) };
  if (entry.SenderFault === true && !BUSY.test(code)) return rejectedEntry(code);
  return { reason: 'overloaded', detail: `SQS takes no messages just now (${shown(code)})` };
}

function rejectedEntry(code: string): SqsFailure {
  return { reason: 'rejected', detail: `SQS does not take the message (${shown(code)})` };
}

function refused(code: string): string {
  return `SQS does not take the credentials for this queue (${shown(code)})`;
}

function shown(code: string): string {
  return CODE.test(code) ? code : 'unknown';
}

interface Facts {
  readonly failure?: SqsFailure;
  readonly name: string;
  /** HTTP, or 0 without an answer. */
  readonly status: number;
}

function facts(error: unknown): Facts {
  if (error instanceof NoAnswer) return { failure: error.failure, name: '', status: 0 };
  if (!(error instanceof Error)) return { name: 'unknown', status: 0 };
  if (error.cause instanceof NoAnswer) return facts(error.cause);
  return { name: error.name, status: statusOf(error) };
}

function statusOf(error: object): number {
  const metadata: unknown = '$metadata' in error ? error.$metadata : null;
  if (typeof metadata !== 'object' || metadata === null) return 0;
  const status: unknown = 'httpStatusCode' in metadata ? metadata.httpStatusCode : 0;
  return typeof status === 'number' ? status : 0;
}

function anyOf(parts: readonly string[]): RegExp {
  return new RegExp(parts.join('|'));
}
