/** A store of inboxes that stalls and fails on demand, as a database behind a network does. */
import type { AppendOutcome, InboxAppend, InboxStore } from '../../../storage/inbox.ts';
import { StorageError } from '../../../storage/storage.ts';
import type { TcpProxy } from '../../../testing/tcp-proxy.ts';

export class FaultyInboxes implements Pick<InboxStore, 'append'>, TcpProxy {
  readonly port = 0;
  accepted = 0;
  readonly #inner: Pick<InboxStore, 'append'>;
  readonly #held = new Set<(error: StorageError | null) => void>();
  #underWay = 0;
  #isStalled = false;
  #isRefusing = false;

  constructor(inner: Pick<InboxStore, 'append'>) {
    this.#inner = inner;
  }

  async append(append: InboxAppend): Promise<readonly AppendOutcome[]> {
    if (this.#isRefusing) throw away();
    this.accepted += 1;
    this.#underWay += 1;
    try {
      if (this.#isStalled) await this.#hold();
      return await this.#inner.append(append);
    } finally {
      this.#underWay -= 1;
    }
  }

  #hold(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.add((error) => (error === null ? resolve() : reject(error)));
    });
  }

  async drained(): Promise<void> {
    if (this.#underWay > 0) throw new Error('something is still under way');
  }

  cut(): void {
    this.#release(away());
  }

  async refuse(): Promise<void> {
    this.#isRefusing = true;
    this.cut();
  }

  stall(): void {
    this.#isStalled = true;
  }

  async heal(): Promise<void> {
    this.#isStalled = false;
    this.#isRefusing = false;
    this.#release(null);
  }

  close(): Promise<void> {
    return this.refuse();
  }

  #release(error: StorageError | null): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const end of held) end(error);
  }
}

function away(): StorageError {
  return new StorageError('busy', 'the store is away');
}
