/**
 * The node's own connection: heartbeats must not queue behind anybody's list, and notifications
 * come to the connection that listens. Opened anew after a loss, by whoever needs it next.
 */
import type { ClientBase } from 'pg';
import type { Clock } from '../../../runtime/clock.ts';
import { StorageError } from '../../storage.ts';
import type { Database, Statement } from '../connection.ts';
import { storageError } from '../errors.ts';

/** Notifications carry nothing: they say that there is something to see. The triggers send them. */
const LISTEN = `
  do $$ begin
    execute format('listen %I', 'bellwire_' || current_schema());
  end $$`;

interface Options {
  readonly database: Pick<Database, 'session'>;
  readonly clock: Clock;
  /** A server that is silent for so long counts as lost; well below the lease. */
  readonly answerWithinMs: number;
  /** There may be something to see: a notification, or a new connection that missed some. */
  readonly onNews: () => void;
}

/** A connection, and how to give it up. */
interface Line {
  readonly client: ClientBase;
  readonly hangUp: () => void;
}

export class NodeSession {
  readonly #options: Options;
  #line: Promise<Line> | undefined;
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * One after the other, in the order of calls. @throws StorageError; then the connection is new.
   */
  async query<Row extends object>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    if (this.#closed) throw new StorageError('closed', 'the node has left');
    const opening = (this.#line ??= this.#open());
    const tooLate = Promise.withResolvers<never>();
    const { clock, answerWithinMs } = this.#options;
    const timer = clock.setTimer(answerWithinMs, () => {
      tooLate.reject(new StorageError('busy', 'PostgreSQL does not answer the node'));
    });
    try {
      const line = await Promise.race([opening, tooLate.promise]);
      const run = line.client.query<Row>({ ...statement, values: [...values] });
      // Nobody may be listening any more when it fails at last.
      run.catch(() => undefined);
      return (await Promise.race([run, tooLate.promise])).rows;
    } catch (error) {
      this.#drop(opening);
      throw storageError(error);
    } finally {
      timer.cancel();
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    if (this.#line !== undefined) this.#drop(this.#line);
  }

  #open(): Promise<Line> {
    const opened = Promise.withResolvers<Line>();
    const ended = Promise.withResolvers<void>();
    this.#options.database
      .session(async (client) => {
        client.on('error', () => ended.resolve());
        client.on('end', () => ended.resolve());
        client.on('notification', this.#options.onNews);
        await client.query(LISTEN);
        opened.resolve({ client, hangUp: ended.resolve });
        this.#options.onNews();
        await ended.promise;
        this.#forget(opened.promise);
      })
      .catch((error: unknown) => {
        this.#forget(opened.promise);
        opened.reject(error);
      });
    return opened.promise;
  }

  #drop(line: Promise<Line>): void {
    this.#forget(line);
    line.then(
      ({ hangUp }) => hangUp(),
      () => undefined,
    );
  }

  #forget(line: Promise<Line>): void {
    if (this.#line === line) this.#line = undefined;
  }
}
