/** The event loop's side of the writer thread. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { JournalBatch, RefusedDuplicate } from '../journal.ts';
import { StorageError } from '../storage.ts';
import { closed } from './connection.ts';
import { toMessage, type WriterReply } from './batch-message.ts';

interface Waiter {
  readonly resolve: (refused: readonly RefusedDuplicate[]) => void;
  readonly reject: (error: StorageError) => void;
}

export class Writer {
  readonly #worker: Worker;
  /** In the order of the batches: the thread answers them one by one. */
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

  commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    if (this.#stopping !== undefined) return Promise.reject(closed());
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const { promise, resolve, reject } = Promise.withResolvers<readonly RefusedDuplicate[]>();
    this.#waiters.push({ resolve, reject });
    const message = toMessage(batch);
    this.#worker.postMessage(message, [message.bytes]);
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
    if (reply.kind === 'committed') waiter?.resolve(reply.refused);
    if (reply.kind === 'failed') {
      waiter?.reject(new StorageError(reply.failure, `the commit failed: ${reply.message}`));
    }
  }

  #end(error: StorageError): void {
    this.#ended ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }
}
