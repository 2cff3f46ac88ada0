/** One connection to the database file, with the settings every connection needs. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { CompiledQuery } from 'kysely';
import { StorageError, type StorageFailure } from '../storage.ts';

/** How long a write waits for the other writer of this process. Its transactions take ms. */
const BUSY_TIMEOUT_MS = 10_000;
const CACHE_KIB = 65_536;

/** Prepared statements kept for queries that are built at run time. */
const MAX_CACHED_STATEMENTS = 256;

export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    this.#database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma cache_size = -${CACHE_KIB};
      pragma temp_store = memory;
      pragma secure_delete = on;
    `);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** For a fixed text that is used often: prepare once, keep it. */
  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /** @throws StorageError `closed` */
  requireOpen(): void {
    if (!this.#database.isOpen) throw closed();
  }

  all<Row>(compiled: CompiledQuery<Row>): Row[] {
    return this.#cached(compiled.sql).all(...parameters(compiled)) as Row[];
  }

  first<Row>(compiled: CompiledQuery<Row>): Row | undefined {
    return this.#cached(compiled.sql).get(...parameters(compiled)) as Row | undefined;
  }

  /** @returns the rowid of the last inserted row. */
  run(compiled: CompiledQuery): number {
    return Number(this.#write(compiled).lastInsertRowid);
  }

  /** @returns how many rows were changed. */
  change(compiled: CompiledQuery): number {
    return Number(this.#write(compiled).changes);
  }

  #write(compiled: CompiledQuery) {
    try {
      return this.#cached(compiled.sql).run(...parameters(compiled));
    } catch (error) {
      throw storageError(error);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #cached(sql: string): StatementSync {
    this.requireOpen();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MAX_CACHED_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export function closed(): StorageError {
  return new StorageError('closed', 'the store is closed');
}

function parameters(compiled: CompiledQuery): SQLInputValue[] {
  return compiled.parameters as SQLInputValue[];
}

/** Primary result codes, https://sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_FULL = 13;

/** Anything unforeseen counts as broken: a store that can't tell what it holds must not go on. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const failure = failureOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return new StorageError(failure, `the embedded store failed: ${message}`, { cause: error });
}

export function failureOf(error: unknown): StorageFailure {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  if (code === SQLITE_FULL) return 'full';
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) return 'busy';
  return 'broken';
}
