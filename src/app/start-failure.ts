/** Why the server can't start, said to the operator: what stands in the way, and what to do. */
import { SecretBoxError } from '../domain/secret-box.ts';
import {
  AllowTargetsError,
  parseAllowTargets,
  type AllowTargets,
} from '../egress/allow-targets.ts';
import { StorageError } from '../storage/storage.ts';
import { ConfigError, type Config } from './config.ts';

/** The configuration is well-formed, but this machine does not play along. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** @throws ConfigError naming the entry that is wrong. */
export function allowedTargets(config: Config): AllowTargets {
  try {
    return parseAllowTargets(config.allow_targets);
  } catch (error) {
    if (!(error instanceof AllowTargetsError)) throw error;
    throw new ConfigError(`--allow-targets (BELLWIRE_ALLOW_TARGETS): ${error.message}`);
  }
}

/** What to throw when PostgreSQL could not be opened. */
export function databaseFailure(error: unknown): unknown {
  if (!(error instanceof StorageError)) return error;
  const message = `The database of BELLWIRE_DATABASE_URL can't be used: ${error.message}`;
  return new StartError(message, { cause: error });
}

/** What to throw when not one of the stored secrets could be opened. */
export function secretsFailure(error: unknown): unknown {
  if (!(error instanceof SecretBoxError)) return error;
  return new ConfigError(
    `The secrets in the store can't be opened: ${error.message}. Set BELLWIRE_MASTER_KEY to the ` +
      'key it had before; to rotate, put the new key in front of the old one: NEW,OLD. If the ' +
      'old key is lost for good, see docs/operating/keys.md.',
  );
}

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses that port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'this user may not use that port',
};

/** What to throw when the address could not be listened on. */
export function listenFailure(error: unknown, { host, port }: Config): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = LISTEN_FAILURES[code];
  if (why === undefined) return error;
  const advice = 'Choose another with --host and --port (BELLWIRE_HOST, BELLWIRE_PORT).';
  return new StartError(`Can't listen on ${host}:${port}: ${why}. ${advice}`, { cause: error });
}
