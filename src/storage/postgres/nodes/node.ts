/**
 * This process as a node of the cluster: keeps its lease, takes over from the dead, and passes on
 * what there is to see. README.md in this folder argues why two nodes never write for one slot;
 * `domain/node-lease.ts` decides who may take what and when.
 */
import {
  estatesToTake,
  nextHeartbeatMs,
  type Estate,
  type SlotView,
} from '../../../domain/node-lease.ts';
import type { Clock, Timer } from '../../../runtime/clock.ts';
import type { Random } from '../../../runtime/random.ts';
import {
  OwnerUnreachableError,
  type ClusterListener,
  type ClusterNode,
  type DeliveryWish,
  type WishAnswer,
} from '../../cluster.ts';
import { StorageError } from '../../storage.ts';
import type { Database } from '../connection.ts';
import { Adoptions } from './adoptions.ts';
import { Lease } from './lease.ts';
import { NewsDesk } from './news-desk.ts';
import { newsStart } from './news.ts';
import { ownerSlot, Requests } from './requests.ts';
import { NodeSession } from './session.ts';
import { SlotTable, type HeldSlot } from './slot-table.ts';

/** Heartbeats in the time of one lease: two may get lost, and there is time for a third. */
const BEATS_PER_LEASE = 10 / 3;

/** Pause after a heartbeat that failed. */
const BEAT_AGAIN_MS = 500;

const OWNER_ID_BYTES = 16;

/** A delivery changes hands once when a node dies; more than that is not a takeover. */
const MAX_MOVES = 5;

export interface NodeOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** How long this node may be silent before others take over. */
  readonly leaseMs: number;
  /** A heartbeat failed; it is tried again. */
  readonly onError: (error: unknown) => void;
}

export class PostgresNode implements ClusterNode {
  readonly #options: NodeOptions;
  readonly #session: NodeSession;
  readonly #lease: Lease;
  readonly #adoptions: Adoptions;
  readonly #requests: Requests;
  readonly #desk: NewsDesk;
  #listener: ClusterListener | undefined;
  #timer: Timer | undefined;
  #beating: Promise<void> | undefined;
  #takingOver: Promise<void> | undefined;
  #lost: StorageError | undefined;
  #left = false;
  #heldSlots: readonly number[] = [];

  private constructor(
    options: NodeOptions,
    session: NodeSession,
    lease: Lease,
    onNews: { run: () => void },
    seenTo: string,
  ) {
    const { database } = options;
    this.#options = options;
    this.#session = session;
    this.#lease = lease;
    this.#adoptions = new Adoptions(database, lease);
    for (const slot of lease.adopted()) this.#adoptions.add(slot);
    this.#requests = new Requests(options);
    this.#desk = new NewsDesk({
      database,
      session,
      seenTo,
      lease,
      adoptions: this.#adoptions,
      requests: this.#requests,
      listener: () => this.#listener,
      decideHere: (wish, slot) => this.#decideHere(wish, slot),
      onError: options.onError,
    });
    onNews.run = () => this.#desk.look();
  }

  /**
   * Claims a slot and keeps it from then on.
   * @throws StorageError `busy` when all slots are held by living nodes.
   */
  static async join(options: NodeOptions): Promise<PostgresNode> {
    const { database, clock, random, leaseMs } = options;
    const news = { run: () => {} };
    const session = new NodeSession({
      database,
      clock,
      answerWithinMs: leaseMs / BEATS_PER_LEASE,
      onNews: () => news.run(),
    });
    try {
      const owner = Buffer.from(random.bytes(OWNER_ID_BYTES)).toString('hex');
      const table = new SlotTable(session, owner, leaseMs);
      const lease = await Lease.claim({ table, clock, owner, leaseMs });
      const node = new PostgresNode(options, session, lease, news, await newsStart(session));
      node.#beatAfter(node.#beatMs);
      return node;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  get slot(): number {
    return this.#lease.own.slot;
  }

  get own(): HeldSlot {
    return this.#lease.own;
  }

  get holdsLease(): boolean {
    return this.#lost === undefined && this.#lease.isHeld;
  }

  slots(): readonly number[] {
    return this.#lease.slots();
  }

  heldSlots(): readonly number[] {
    return this.#heldSlots;
  }

  async start(listener: ClusterListener): Promise<void> {
    this.#listener = listener;
    if (this.#lost !== undefined) listener.leaseLost(this.#lost);
    this.#desk.look();
  }

  async decide(wish: DeliveryWish): Promise<WishAnswer> {
    for (let moves = 0; moves < MAX_MOVES; moves += 1) {
      const slot = await ownerSlot(this.#options.database, wish);
      const answer = this.#lease.holds(slot)
        ? await this.#decideHere(wish, slot)
        : await this.#askHolder(wish, slot);
      if (answer !== undefined) return answer;
    }
    throw new OwnerUnreachableError('This delivery is changing hands. Nothing was changed.');
  }

  async stop(): Promise<void> {
    this.#listener = undefined;
    this.#adoptions.stop();
    await Promise.all([this.#desk.idle(), this.#takingOver]);
  }

  /** Gives back what this process holds; the store must not be written any more. Idempotent. */
  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.#timer?.cancel();
    await this.stop();
    await this.#beating;
    // Whoever can't be told finds out when the lease ends.
    if (this.#lost === undefined) await this.#lease.leave().catch(this.#options.onError);
    this.#session.close();
  }

  // Heartbeat and takeover

  get #beatMs(): number {
    return this.#options.leaseMs / BEATS_PER_LEASE;
  }

  #beatAfter(delayMs: number): void {
    if (this.#left || this.#lost !== undefined) return;
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#beating = this.#beat();
    });
  }

  async #beat(): Promise<void> {
    const { clock, onError } = this.#options;
    const startedAt = clock.monotonic();
    try {
      const mark = this.#listener?.lowWaterMark();
      if (mark !== undefined) this.#lease.raiseLowWaterMark(this.slot, mark);
      const { views, hadLapsed } = await this.#lease.beat();
      if (hadLapsed) this.#listener?.resumed();
      this.#afterBeat(views);
      this.#beatAfter(nextHeartbeatMs(this.#beatMs, clock.monotonic() - startedAt));
    } catch (error) {
      if (error instanceof StorageError && error.failure === 'broken') return this.#lose(error);
      onError(error);
      this.#beatAfter(BEAT_AGAIN_MS);
    }
  }

  #lose(error: StorageError): void {
    this.#lost = error;
    this.#listener?.leaseLost(error);
  }

  /** Beside the heartbeats, which must not wait for any of it. */
  #afterBeat(views: readonly SlotView[]): void {
    this.#heldSlots = views.filter(({ owner }) => owner !== null).map(({ slot }) => slot);
    this.#desk.look();
    if (this.#listener === undefined || this.#takingOver !== undefined) return;
    const estates = estatesToTake(views, this.#lease.owner, this.#lease.inTouchMs);
    if (estates.length === 0) return;
    this.#takingOver = this.#takeAll(estates)
      .catch(this.#options.onError)
      .finally(() => {
        this.#takingOver = undefined;
      });
  }

  async #takeAll(estates: readonly Estate[]): Promise<void> {
    for (const estate of estates) await this.#take(estate);
  }

  async #take(estate: Estate): Promise<void> {
    for (const slot of await this.#lease.adopt(estate)) this.#adoptions.add(slot);
    this.#desk.look();
  }

  // Wishes

  /** Undefined when the slot is not held here any more. */
  async #decideHere(wish: DeliveryWish, slot: number): Promise<WishAnswer | undefined> {
    const listener = this.#listener;
    if (listener === undefined) throw new StorageError('closed', 'the node is stopping');
    if (slot === this.slot) return listener.wished(wish);
    return this.#adoptions.grant(slot, async () => {
      // Until its rows were moved it may have been one of them.
      const now = await ownerSlot(this.#options.database, wish);
      return now === slot ? listener.wished(wish) : undefined;
    });
  }

  async #askHolder(wish: DeliveryWish, slot: number): Promise<WishAnswer | undefined> {
    const view = (await this.#lease.look()).find((other) => other.slot === slot);
    if (view === undefined) throw new RangeError(`there is no slot ${slot}`);
    if (view.owner === null) {
      // Nobody decides about it, so that we may; the slot goes back when we have.
      await this.#take([view]);
      return undefined;
    }
    if (!view.isExpired) return this.#requests.ask(slot, wish);
    throw new OwnerUnreachableError(
      'The node that decides about this delivery is out of touch. Another one takes over within ' +
        `${Math.ceil((2 * view.leaseMs) / 1000)} seconds if it stays so.`,
    );
  }
}
