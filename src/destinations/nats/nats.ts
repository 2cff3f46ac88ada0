/**
 * NATS JetStream. Taken is what a stream has acknowledged: stored, and with replicas by a majority
 * of them. The id of the delivery goes along as `Nats-Msg-Id`, so that a try repeated within the
 * stream's duplicate window is stored once. Streams are not created here.
 *
 * `connection.ts` opens connections and publishes, `failures.ts` says what the errors mean.
 * Batches, time limits and reconnecting are those of all brokers.
 */
import type { NatsDestination } from '../../domain/destination.ts';
import type { BrokerAdapter } from '../broker/adapter.ts';
import { connectNats } from './connection.ts';

export const nats: BrokerAdapter<NatsDestination> = { kind: 'nats', connect: connectNats };
