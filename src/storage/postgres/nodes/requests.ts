/** Wishes for deliveries of other nodes, left at their owner and answered by it. */
import type { Clock } from '../../../runtime/clock.ts';
import type { Random } from '../../../runtime/random.ts';
import { OwnerUnreachableError, type DeliveryWish, type WishAnswer } from '../../cluster.ts';
import type { Database, Statement } from '../connection.ts';
import { slotOf } from '../sequence-layout.ts';

/** How long an owner may take to begin with a wish. */
const TAKEN_WITHIN_MS = 5_000;
/** … and, once it has begun, to end. */
const ANSWERED_WITHIN_MS = 5_000;

const ID_BYTES = 16;

const OWNER: Statement = {
  name: 'owner_of_delivery',
  text: 'select owner from delivery where sequence = $1 and subscription = $2',
};
const ASK: Statement = {
  name: 'ask_node',
  text: `
    insert into node_request (id, slot, wanted, sequence, subscription)
    values ($1, $2, $3, $4, $5)`,
};
const WITHDRAW: Statement = {
  name: 'withdraw_node_request',
  text: 'delete from node_request where id = $1 and taken_at is null returning id',
};
const REMOVE: Statement = {
  name: 'remove_node_request',
  text: 'delete from node_request where id = $1',
};
const TAKE: Statement = {
  name: 'take_node_request',
  text: `
    update node_request set taken_at = now() where id = $1 and taken_at is null returning id`,
};
const ANSWER: Statement = {
  name: 'answer_node_request',
  text: 'update node_request set answer = $2 where id = $1',
};

/** The slot whose holder decides about a delivery: its row says so, or else its event's birth. */
export async function ownerSlot(
  database: Database,
  { sequence, subscription }: DeliveryWish,
): Promise<number> {
  const [row] = await database.query<{ owner: number }>(OWNER, [sequence, subscription]);
  return row?.owner ?? slotOf(sequence);
}

/** @returns false when it was withdrawn, or somebody has taken it. */
export async function takeRequest(database: Database, id: string): Promise<boolean> {
  return (await database.query(TAKE, [id])).length > 0;
}

/** @param answer undefined when the delivery is not decided about here any more. */
export async function answerRequest(
  database: Database,
  id: string,
  answer: WishAnswer | undefined,
): Promise<void> {
  await database.query(ANSWER, [id, JSON.stringify(answer ?? null)]);
}

interface Answer {
  readonly answer: WishAnswer | undefined;
}

interface Options {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
}

/** The wishes of this node that wait for an answer. */
export class Requests {
  readonly #options: Options;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(options: Options) {
    this.#options = options;
  }

  ids(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  answered(id: string, answer: string): void {
    this.#waiting.get(id)?.({ answer: (JSON.parse(answer) as WishAnswer | null) ?? undefined });
  }

  /**
   * @returns undefined when the delivery is decided about elsewhere by now.
   * @throws OwnerUnreachableError
   */
  async ask(
    slot: number,
    { wanted, sequence, subscription }: DeliveryWish,
  ): Promise<WishAnswer | undefined> {
    const { database, random } = this.#options;
    const id = Buffer.from(random.bytes(ID_BYTES)).toString('hex');
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(id, answer.resolve);
    try {
      await database.query(ASK, [id, slot, wanted, sequence, subscription]);
      const early = await this.#within(TAKEN_WITHIN_MS, answer.promise);
      if (early !== undefined) return early.answer;
      const withdrawn = await database.query(WITHDRAW, [id]);
      if (withdrawn.length > 0) {
        throw new OwnerUnreachableError(
          'The node that decides about this delivery does not answer. Nothing was changed.',
        );
      }
      const late = await this.#within(ANSWERED_WITHIN_MS, answer.promise);
      if (late !== undefined) return late.answer;
      throw new OwnerUnreachableError(
        'The node that decides about this delivery has begun with it and not come to an end. ' +
          'Look at the delivery to see what has become of it.',
      );
    } finally {
      this.#waiting.delete(id);
      database.query(REMOVE, [id]).catch(() => undefined);
    }
  }

  async #within<Result>(ms: number, promise: Promise<Result>): Promise<Result | undefined> {
    const tooLate = Promise.withResolvers<undefined>();
    const timer = this.#options.clock.setTimer(ms, () => tooLate.resolve(undefined));
    try {
      return await Promise.race([promise, tooLate.promise]);
    } finally {
      timer.cancel();
    }
  }
}
