/** What PostgreSQL and the way to it say when something fails, as the port's failures. */
import { StorageError, type StorageFailure } from '../storage.ts';

/** Of the answering server: https://www.postgresql.org/docs/current/errcodes-appendix.html. */
export const UNIQUE_VIOLATION = '23505';
export const CHECK_VIOLATION = '23514';

const DISK_FULL = '53100';

/** Classes and codes that pass: lost connections, overload, restarts, failover, lost races. */
const PASSING = [
  '08', // connection exception
  '28', // refused at the door: the operator may be changing the password right now
  '40', // serialization failure, deadlock
  '53', // insufficient resources: too many connections, out of memory
  '57', // shut down, starting up, cancelled by statement_timeout, terminated
  '25006', // read-only: we met a standby
  '25P03', // idle in a transaction for too long: we were slow
  '55P03', // lock_timeout
];

/** Of the operating system, before any server answered. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** What `pg` says without a code when a connection ends or never comes about. */
const LOST = /connection (terminated|ended)|timeout|not queryable|client was closed/i;

/**
 * Anything unforeseen counts as broken: a store that can't tell what it holds must not go on.
 * `busy` after a write leaves open whether it was stored: the connection may have been lost between
 * the commit and its answer.
 */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const message = error instanceof Error ? error.message || codeOf(error) : String(error);
  return new StorageError(failureOf(error), `PostgreSQL: ${message}`, { cause: error });
}

function failureOf(error: unknown): StorageFailure {
  const code = codeOf(error);
  if (code === DISK_FULL) return 'full';
  if (UNREACHABLE.has(code) || PASSING.some((prefix) => code.startsWith(prefix))) return 'busy';
  // A name that resolves to several addresses, none of which answers.
  if (error instanceof AggregateError && error.errors.every(isUnreachable)) return 'busy';
  return code === '' && error instanceof Error && LOST.test(error.message) ? 'busy' : 'broken';
}

function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.has(codeOf(error));
}

/** The SQLSTATE or the name of the system error; empty when there is none. */
export function codeOf(error: unknown): string {
  const origin = error instanceof StorageError ? error.cause : error;
  return origin instanceof Error && 'code' in origin ? String(origin.code) : '';
}
