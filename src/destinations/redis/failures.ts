/** What error replies of Redis mean for a delivery; their first word tells them apart. */
import { BrokerFailure, type PublishOutcome } from '../broker/adapter.ts';
import type { TransportFailure } from '../../domain/attempt-result.ts';

const REPLIES: Readonly<Record<string, readonly [reason: TransportFailure, detail: string]>> = {
  WRONGTYPE: ['rejected', 'the key holds something else than a stream'],
  NOPERM: ['auth_failed', 'the user may not add to this stream'],
  NOAUTH: ['auth_failed', 'the server asks for credentials'],
  WRONGPASS: ['auth_failed', 'the server does not take user and password'],
  OOM: ['overloaded', 'the server is out of memory'],
  LOADING: ['overloaded', 'the server is loading its data'],
  BUSY: ['overloaded', 'the server is busy with a script'],
  MASTERDOWN: ['overloaded', 'the server has lost its primary'],
  CLUSTERDOWN: ['overloaded', 'the cluster is down'],
  TRYAGAIN: ['overloaded', 'the cluster is moving this stream'],
  MISCONF: ['overloaded', 'the server can not write to its disk'],
  NOREPLICAS: ['overloaded', 'the server has too few replicas'],
  READONLY: ['overloaded', 'the server is a replica and takes no writes'],
  MOVED: ['connect', 'the cluster keeps this stream on another server: name that one'],
};

const REFUSED = ['overloaded', 'the server refused the entry'] as const;

const AUTH_WITHOUT_PASSWORD = /AUTH|invalid password|invalid username/i;

/** Undefined for what is no reply, but an error of the connection. */
export function replyFailure(error: unknown, stream: string): PublishOutcome | undefined {
  if (!isReply(error)) return undefined;
  const [reason, detail] = REPLIES[firstWord(error)] ?? REFUSED;
  return { taken: false, reason, detail: `${detail} (stream "${stream}")` };
}

/** Undefined for what is an error of the socket. */
export function connectFailure(error: unknown): BrokerFailure | undefined {
  if (error instanceof Error && error.name === 'ConnectionTimeoutError') {
    return new BrokerFailure('connect', 'the server did not answer in time');
  }
  if (!isReply(error)) return undefined;
  const known = REPLIES[firstWord(error)];
  if (known !== undefined) return new BrokerFailure(...known);
  if (AUTH_WITHOUT_PASSWORD.test(error.message)) {
    return new BrokerFailure('auth_failed', 'the server does not take user and password');
  }
  return new BrokerFailure('connect', 'the server refused the database or the log-in');
}

const REPLY_NAMES: ReadonlySet<string> = new Set(['ErrorReply', 'SimpleError', 'BlobError']);

/** The client's classes of replies, told by name so that its package need not be there. */
function isReply(error: unknown): error is Error {
  return error instanceof Error && REPLY_NAMES.has(error.constructor.name);
}

function firstWord({ message }: Error): string {
  return message.split(' ', 1)[0] ?? '';
}
