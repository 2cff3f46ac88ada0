/** The admin key and the master keys: configured, or made at the first start and kept in a file. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { API_KEY_RANDOM_BYTES, generateApiKey } from '../domain/api-key.ts';
import { MASTER_KEY_BYTES, parseMasterKeys, type MasterKey } from '../domain/master-keys.ts';
import type { Random } from '../runtime/random.ts';
import { ConfigError, type Config } from './config.ts';

export interface Keys {
  readonly adminKey: string;
  readonly masterKeys: readonly MasterKey[];
  /** Files written just now, for the operator to know and to back up. */
  readonly written: readonly string[];
}

const OWNER_ONLY = 0o600;

/**
 * @param mode in `serve` a master key must be configured: one that lives beside the data it seals
 * protects nothing, and one made anew would make all secrets unreadable.
 * @throws ConfigError
 */
export function loadKeys(config: Config, mode: 'dev' | 'serve', random: Random): Keys {
  if (mode === 'serve' && config.database_url !== undefined) requireSharedKeys(config);
  makeDataDirectory(config.data);
  const written: string[] = [];
  const fromFile = (name: string, make: () => string): string =>
    keptText(config.data, name, () => {
      written.push(join(config.data, name));
      return make();
    });
  // First, so that a start that fails here leaves no admin key behind that nobody was told of.
  const masterKeys = parsedMasterKeys(config.master_key ?? devMasterKey(mode, fromFile, random));
  const adminKey =
    config.admin_key ??
    fromFile('admin-key', () => generateApiKey(random.bytes(API_KEY_RANDOM_BYTES)));
  return { adminKey, masterKeys, written };
}

/** What a node makes for itself, the other nodes of the database would not know. */
function requireSharedKeys({ admin_key: adminKey, master_key: masterKey }: Config): void {
  const missing = [
    ...(adminKey === undefined ? ['BELLWIRE_ADMIN_KEY'] : []),
    ...(masterKey === undefined ? ['BELLWIRE_MASTER_KEY'] : []),
  ];
  if (missing.length === 0) return;
  throw new ConfigError(
    `${missing.join(' and ')} must be set when BELLWIRE_DATABASE_URL is: every node of the ` +
      'database needs the same, to open the same secrets and to answer to the same key. Make ' +
      'them once with `openssl rand -base64 32`.',
  );
}

function parsedMasterKeys(text: string): readonly MasterKey[] {
  try {
    return parseMasterKeys(text);
  } catch (error) {
    throw new ConfigError(`BELLWIRE_MASTER_KEY: ${(error as Error).message}`);
  }
}

/**
 * The text of a file in the data directory that only its owner may read; made when the file is
 * absent, or empty because a start was killed before it had written it.
 */
export function keptText(directory: string, name: string, make: () => string): string {
  const file = join(directory, name);
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept !== '') return kept;
  const text = make();
  writeFileSync(file, `${text}\n`, { mode: OWNER_ONLY });
  chmodSync(file, OWNER_ONLY);
  return text;
}

function makeDataDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(`--data (BELLWIRE_DATA): ${resolve(directory)} can't be made: ${why}`);
  }
}

function devMasterKey(
  mode: 'dev' | 'serve',
  fromFile: (name: string, make: () => string) => string,
  random: Random,
): string {
  if (mode === 'serve') {
    throw new ConfigError(
      'BELLWIRE_MASTER_KEY is not set. Make one with `openssl rand -base64 32`, keep it apart ' +
        'from the data, and set it at every start.',
    );
  }
  return fromFile('master-key', () =>
    Buffer.from(random.bytes(MASTER_KEY_BYTES)).toString('base64'),
  );
}
