/**
 * What a broker's folder implements: opening a connection, and handing a batch over it. All the
 * rest, from waiting to giving up, is `BrokerDestination`.
 */
import type { TransportFailure } from '../../domain/attempt-result.ts';
import type { Credentials, DestinationSpec } from '../../domain/destination.ts';
import type { BrokerGuard, ClientIdentity } from '../../egress/port.ts';
import type { Clock } from '../../runtime/clock.ts';

/** One try of one delivery, ready to be handed over. */
export interface BrokerMessage {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Of the event; the same on every try and for every subscription. */
  readonly eventId: string;
  /** Of the delivery; the same on every try. What brokers that drop duplicates go by. */
  readonly deliveryId: string;
  readonly eventType: string;
  readonly orderingKey: string | null;
  /** When the event was accepted, milliseconds. */
  readonly createdAt: number;
  /** Names in lower case; all that a webhook would carry, less what is signed. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What became of one message of a batch. */
export type PublishOutcome =
  | { readonly taken: true; readonly detail: string }
  | { readonly taken: false; readonly reason: TransportFailure; readonly detail: string };

/** A failure of a whole batch or connection; the message is for people and holds no secret. */
export class BrokerFailure extends Error {
  override readonly name = 'BrokerFailure';
  readonly reason: TransportFailure;

  constructor(reason: TransportFailure, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** An open, authenticated connection. */
export interface BrokerConnection<Spec extends DestinationSpec> {
  /**
   * Hands the messages over in this order, all to the same destination.
   *
   * @returns one outcome for each, once the broker has confirmed or refused it.
   * @throws BrokerFailure when that can not be known: the connection is given up then.
   */
  publish(destination: Spec, batch: readonly BrokerMessage[]): Promise<readonly PublishOutcome[]>;
  /** The answer to what was published there has not come in time, while others still get theirs. */
  abandon?(destination: Spec): void;
  /** Nothing is under way any more: says goodbye and closes. Never rejects. */
  close(): Promise<void>;
  /** Breaks it off at once. */
  destroy(): void;
}

export interface ConnectOptions<Spec extends DestinationSpec> {
  /** Of one of the destinations on this server. */
  readonly destination: Spec;
  readonly credentials: Credentials | null;
  /** For mutual TLS, or null. */
  readonly identity: ClientIdentity | null;
  readonly guard: BrokerGuard;
  readonly clock: Clock;
  /** The connection is gone without having been closed. Called at most once. */
  readonly onLost: (failure: BrokerFailure) => void;
}

export interface BrokerAdapter<Spec extends DestinationSpec> {
  readonly kind: Spec['kind'];
  /** @throws BrokerFailure */
  connect(options: ConnectOptions<Spec>): Promise<BrokerConnection<Spec>>;
}

/** How a person who runs the server gets a client that is not installed. */
export async function loadClient<Module>(
  packages: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error)) throw error;
    const detail = `this server lacks the client of this broker: npm install ${packages}`;
    throw new BrokerFailure('connect', detail);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}
