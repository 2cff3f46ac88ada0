/** Removes what is old; the work is done by the writer thread. */
import type { InboundRemovalOrder, Removal, RemovalOrder, RetentionStore } from '../retention.ts';
import type { Writer } from './writer.ts';

export class SqliteRetention implements RetentionStore {
  readonly #writer: Writer;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  removeOld(order: RemovalOrder): Promise<Removal> {
    return this.#writer.removeOld(order);
  }

  removeOldInbound(order: InboundRemovalOrder): Promise<number> {
    return this.#writer.run({ chore: 'removeOldInbound', order });
  }
}
