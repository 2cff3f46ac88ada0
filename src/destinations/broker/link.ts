/**
 * One connection to a broker, shared by all subscriptions of a tenant that lead to the same server
 * with the same credentials. Made when the first message needs it, made anew after a loss, with a
 * pause that grows while the server is away; whoever waits for it waits within its own time limit.
 */
import type { DestinationSpec } from '../../domain/destination.ts';
import {
  BROKER_CONNECT_TIMEOUT_MS,
  BROKER_RECONNECT_FIRST_MS,
  BROKER_RECONNECT_MAX_MS,
} from '../../domain/limits-destinations.ts';
import type { Clock } from '../../runtime/clock.ts';
import { BrokerFailure, type BrokerAdapter, type BrokerConnection } from './adapter.ts';
import type { ConnectOptions } from './adapter.ts';

interface Options<Spec extends DestinationSpec> {
  readonly adapter: BrokerAdapter<Spec>;
  readonly connect: Omit<ConnectOptions<Spec>, 'onLost'>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export class Link<Spec extends DestinationSpec> {
  readonly #options: Options<Spec>;
  #connection: BrokerConnection<Spec> | null = null;
  #connecting: Promise<BrokerConnection<Spec>> | null = null;
  /** Rises with each connection; news of an older one is ignored. */
  #generation = 0;
  #pauseMs = 0;
  #isClosed = false;
  /** When something was last confirmed or the connection was made, monotonic milliseconds. */
  progressAt = 0;
  /** Why there is no connection, as far as it was tried. */
  lastFailure: BrokerFailure | null = null;

  constructor(options: Options<Spec>) {
    this.#options = options;
  }

  get connection(): BrokerConnection<Spec> | null {
    return this.#connection;
  }

  /** The open connection; made when there is none. @throws BrokerFailure */
  open(): Promise<BrokerConnection<Spec>> {
    if (this.#connection !== null) return Promise.resolve(this.#connection);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  /** It can't be relied on any more: the next message gets a new one. */
  giveUp(connection: BrokerConnection<Spec>): void {
    if (this.#connection === connection) this.#connection = null;
    connection.destroy();
  }

  /** For good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  async #connect(): Promise<BrokerConnection<Spec>> {
    const { adapter, connect, clock, onError } = this.#options;
    if (this.#pauseMs > 0) await sleep(clock, this.#pauseMs);
    this.#pauseMs = nextPause(this.#pauseMs);
    if (this.#isClosed) throw new BrokerFailure('reset', 'aborted by shutdown');
    this.#generation += 1;
    const generation = this.#generation;
    let wasLost = false;
    const onLost = () => {
      wasLost = true;
      if (generation === this.#generation) this.#connection = null;
    };
    try {
      const making = adapter.connect({ ...connect, onLost });
      const connection = await within(clock, making);
      if (this.#isClosed || wasLost) {
        connection.destroy();
        throw new BrokerFailure('reset', 'the connection was closed as soon as it was open');
      }
      this.#connection = connection;
      this.#pauseMs = 0;
      this.lastFailure = null;
      this.progressAt = clock.monotonic();
      return connection;
    } catch (error) {
      if (!(error instanceof BrokerFailure)) onError(error);
      this.lastFailure = error instanceof BrokerFailure ? error : UNEXPLAINED;
      throw this.lastFailure;
    }
  }
}

const UNEXPLAINED = new BrokerFailure(
  'connect',
  'could not connect; the log of the server says why',
);

function nextPause(pauseMs: number): number {
  return Math.min(Math.max(BROKER_RECONNECT_FIRST_MS, pauseMs * 2), BROKER_RECONNECT_MAX_MS);
}

function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
}

/** Clients bound what they do themselves; this bounds what they do not. */
function within<Spec extends DestinationSpec>(
  clock: Clock,
  making: Promise<BrokerConnection<Spec>>,
): Promise<BrokerConnection<Spec>> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = clock.setTimer(BROKER_CONNECT_TIMEOUT_MS, () => {
      isLate = true;
      reject(new BrokerFailure('timeout', 'the connection to the broker was not set up in time'));
    });
    making.then(
      (connection) => {
        timer.cancel();
        if (isLate) connection.destroy();
        else resolve(connection);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
