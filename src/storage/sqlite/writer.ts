/** The event loop's side of the writer thread. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { AppendOutcome, InboxAppend } from '../inbox.ts';
import type { JournalBatch, RefusedDuplicate } from '../journal.ts';
import { NOTHING_REMOVED, type Removal, type RemovalOrder } from '../retention.ts';
import { StorageError } from '../storage.ts';
import { closed } from './connection.ts';
import { toMessage, type Chore, type WriterReply, type WriterRequest } from './batch-message.ts';
import type { Value } from './batch-message.ts';

interface Waiter {
  readonly resolve: (reply: WriterReply) => void;
  readonly reject: (error: StorageError) => void;
}

export class Writer {
  readonly #worker: Worker;
  /** In the order of the requests: the thread answers them one by one. */
  readonly #waiters: Waiter[] = [];
  #ended: StorageError | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(file: string): Promise<Writer> {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: { file },
    });
    await once(worker, 'message');
    const writer = new Writer(worker);
    worker.on('message', (reply: WriterReply) => writer.#settle(reply));
    worker.on('error', (error) => writer.#end(new StorageError('broken', error.message)));
    worker.on('exit', () => writer.#end(closed()));
    return writer;
  }

  async commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    const message = toMessage(batch);
    const reply = await this.#ask(message, [message.bytes]);
    return reply.kind === 'committed' ? reply.refused : [];
  }

  /**
   * Carries out one statement between two batches, for writes that must not keep the event loop
   * waiting for the file's lock.
   * @returns the first row it gives back.
   */
  async write(
    sql: string,
    values: readonly Value[],
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const reply = await this.#ask({ sql, values });
    return reply.kind === 'written' ? reply.row : undefined;
  }

  /** @returns how many rows the chore changed. */
  async run(chore: Chore): Promise<number> {
    const reply = await this.#ask(chore);
    return reply.kind === 'done' ? reply.rows : 0;
  }

  async removeOld(order: RemovalOrder): Promise<Removal> {
    const reply = await this.#ask({ chore: 'removeOld', order });
    return reply.kind === 'removed' ? reply.removal : NOTHING_REMOVED;
  }

  async append(append: InboxAppend): Promise<readonly AppendOutcome[]> {
    const reply = await this.#ask({ chore: 'append', append });
    return reply.kind === 'appended' ? reply.outcomes : [];
  }

  #ask(request: WriterRequest, transfer: readonly ArrayBuffer[] = []): Promise<WriterReply> {
    if (this.#stopping !== undefined) return Promise.reject(closed());
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const { promise, resolve, reject } = Promise.withResolvers<WriterReply>();
    this.#waiters.push({ resolve, reject });
    this.#worker.postMessage(request, transfer);
    return promise;
  }

  /** Ends the thread after the commits that were handed to it. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = once(this.#worker, 'exit');
    this.#worker.postMessage('close');
    await exited;
  }

  #settle(reply: WriterReply): void {
    const waiter = this.#waiters.shift();
    if (reply.kind !== 'failed') waiter?.resolve(reply);
    else waiter?.reject(new StorageError(reply.failure, `the commit failed: ${reply.message}`));
  }

  #end(error: StorageError): void {
    this.#ended ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }
}
