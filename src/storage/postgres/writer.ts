/**
 * Writes the journal, one statement after the other, in the name of the slot this process holds.
 *
 * When the connection breaks, nobody knows whether the last statement was carried out, or still
 * will be. So before anything else the generation is raised: that waits for the lost statement if
 * it runs, and makes it change nothing if it comes later. What is then read is final.
 */
import type { JournalBatch, RefusedDuplicate } from '../journal.ts';
import { StorageError } from '../storage.ts';
import { commitAccepted, raiseGeneration, type ClaimedSlot, type Fence } from './commit.ts';
import { closed, type Database } from './connection.ts';
import { acceptAll, splitDuplicates } from './dedupe.ts';
import { CHECK_VIOLATION, codeOf, UNIQUE_VIOLATION } from './errors.ts';
import { InboundTrimmer } from './remove-inbound.ts';
import type { Partitions } from './partitions.ts';

/** Each loss means that another node has stored an event with one of our keys just now. */
const MAX_LOST_RACES = 5;

const NONE_REFUSED: readonly RefusedDuplicate[] = [];

interface Options {
  readonly database: Database;
  readonly partitions: Partitions;
  readonly own: ClaimedSlot;
}

export class Writer {
  readonly #options: Options;
  readonly #trimmer: InboundTrimmer;
  /** Null before the first write, and after one that failed. */
  #generation: number | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #inDoubt = false;
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
    this.#trimmer = new InboundTrimmer(options.database);
  }

  commit(batch: JournalBatch): Promise<readonly RefusedDuplicate[]> {
    return this.write((fence) => this.#commit(batch, fence));
  }

  /** Runs after all writes before it, and alone. @throws StorageError */
  write<Result>(work: (fence: Fence) => Promise<Result>): Promise<Result> {
    return this.#queue(async () => {
      const fence = await this.#fence();
      try {
        return await work(fence);
      } catch (error) {
        this.#generation = null;
        this.#inDoubt = true;
        throw error;
      }
    });
  }

  /** Resolves when no lost write can become visible any more. @throws StorageError */
  async certain(): Promise<void> {
    if (this.#inDoubt) await this.#queue(() => this.#fence());
  }

  /** Takes nothing more, and waits for what was taken. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  async #fence(): Promise<Fence> {
    const { database, own } = this.#options;
    this.#generation ??= await raiseGeneration(database, own);
    this.#inDoubt = false;
    return { ...own, generation: this.#generation };
  }

  #queue<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(closed());
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #commit(batch: JournalBatch, fence: Fence): Promise<readonly RefusedDuplicate[]> {
    const { database, partitions } = this.#options;
    const missing = partitions.missing(batch);
    if (missing.size > 0) await partitions.make(missing);
    const hasKeys = batch.events.some((event) => event.dedupe.length > 0);
    for (let losses = 0; losses < MAX_LOST_RACES; losses += 1) {
      const split = hasKeys ? await splitDuplicates(database, batch) : undefined;
      try {
        await commitAccepted(database, fence, split?.accepted ?? acceptAll(batch));
        if (batch.inbound.length > 0) await this.#trim(batch);
        return split?.refused ?? NONE_REFUSED;
      } catch (error) {
        if (hasNoPartition(error)) {
          partitions.forget();
          await partitions.make(partitions.missing(batch));
        } else if (!isLostRace(error)) throw sequenceTaken(error) ?? error;
      }
    }
    throw new StorageError('busy', 'other nodes store the same events at the same time');
  }

  /** The batch is stored, whatever comes of this. */
  async #trim({ inbound }: JournalBatch): Promise<void> {
    try {
      await this.#trimmer.stored(inbound);
    } catch {
      // Too many stay until it comes round again.
    }
  }
}

/** Retention has dropped a day that something is still settled for. */
function hasNoPartition(error: unknown): boolean {
  return codeOf(error) === CHECK_VIOLATION && /no partition/.test(String(error));
}

function isLostRace(error: unknown): boolean {
  return codeOf(error) === UNIQUE_VIOLATION && /dedupe_key/.test(String(error));
}

function sequenceTaken(error: unknown): StorageError | undefined {
  if (codeOf(error) !== UNIQUE_VIOLATION) return undefined;
  const message = 'a sequence is taken; somebody else writes in the name of this node slot.';
  return new StorageError('broken', message, { cause: error });
}
