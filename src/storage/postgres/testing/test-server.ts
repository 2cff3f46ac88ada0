/** Where tests find a PostgreSQL, and databases of their own on it. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { OwnServer } from './own-server.ts';

const STANDARD = 'postgres://postgres@127.0.0.1:5432';
const PATIENCE_MS = 2_000;

export interface TestServer {
  /** A new, empty database. */
  createDatabase(): Promise<string>;
  /** Ends the connections to it as well. */
  dropDatabase(url: string): Promise<void>;
  /** Ends the server if it was started here. */
  close(): Promise<void>;
}

/** @returns the server, or in a word or two why there is none. */
export async function findTestServer(): Promise<TestServer | string> {
  if (await answers(`${STANDARD}/postgres`)) {
    return serverAt(
      (database) => `${STANDARD}/${database}`,
      async () => {},
    );
  }
  try {
    const own = await OwnServer.create();
    return serverAt(
      (database) => own.url(database),
      () => own.remove(),
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `no PostgreSQL on 127.0.0.1:5432, and none can be started: ${why}`;
  }
}

/** Runs statements on a connection of its own. */
export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function serverAt(url: (database: string) => string, close: () => Promise<void>): TestServer {
  return {
    async createDatabase() {
      const name = `bellwire_test_${randomBytes(8).toString('hex')}`;
      await execute(url('postgres'), `create database ${name}`);
      return url(name);
    },
    async dropDatabase(database) {
      const name = new URL(database).pathname.slice(1);
      await execute(url('postgres'), `drop database if exists ${name} with (force)`);
    },
    close,
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
