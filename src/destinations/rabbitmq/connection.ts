/** A connection to RabbitMQ, with a channel for each destination on it. */
import type { ChannelModel, SocketOptions } from 'amqplib';
import { endpointsOf, readBrokerUrl } from '../../domain/broker-url.ts';
import { targetOf, type RabbitmqDestination } from '../../domain/destination.ts';
import { BROKER_CONNECT_TIMEOUT_MS } from '../../domain/limits-destinations.ts';
import {
  BrokerFailure,
  loadClient,
  type BrokerConnection,
  type BrokerMessage,
  type ConnectOptions,
  type PublishOutcome,
} from '../broker/adapter.ts';
import { dialFirst, type Dial } from '../broker/dial.ts';
import { connectFailure } from './failures.ts';
import { PublishChannel } from './publish-channel.ts';

/** Both sides notice within two of these that the other is gone. */
const HEARTBEAT_SECONDS = 15;

type Options = ConnectOptions<RabbitmqDestination>;

/** @throws BrokerFailure */
export async function connectRabbitmq(
  options: Options,
): Promise<BrokerConnection<RabbitmqDestination>> {
  const endpoints = endpointsOf(options.destination);
  return dialFirst(endpoints, options, (dial) => dialRabbitmq(options, dial), connectFailure);
}

async function dialRabbitmq(options: Options, { endpoint, address, tls }: Dial) {
  const { destination, credentials, onLost } = options;
  const amqp = await loadClient('amqplib', () => import('amqplib'));
  const breaking = new AbortController();
  const socket: SocketOptions & { readonly signal: AbortSignal } = {
    noDelay: true,
    timeout: BROKER_CONNECT_TIMEOUT_MS,
    clientProperties: { connection_name: 'Bellwire' },
    signal: breaking.signal,
    ...tls,
  };
  const model = await amqp.connect(
    {
      protocol: endpoint.tls ? 'amqps' : 'amqp',
      hostname: address,
      port: endpoint.port,
      vhost: vhostOf(destination),
      heartbeat: HEARTBEAT_SECONDS,
      // What clients say who were told nothing; brokers take it from their own machine only.
      username: credentials?.['username'] ?? 'guest',
      password: credentials?.['password'] ?? 'guest',
    },
    socket,
  );
  return new RabbitmqConnection(model, breaking, onLost);
}

/** Encoded, as the client wants it. */
function vhostOf({ url }: RabbitmqDestination): string {
  const reading = readBrokerUrl('rabbitmq', url);
  const path = reading.ok ? reading.url.path : '';
  return encodeURIComponent(path === '' ? '/' : path);
}

class RabbitmqConnection implements BrokerConnection<RabbitmqDestination> {
  readonly #model: ChannelModel;
  readonly #breaking: AbortController;
  readonly #channels = new Map<string, Promise<PublishChannel>>();
  #isClosing = false;

  constructor(
    model: ChannelModel,
    breaking: AbortController,
    onLost: (failure: BrokerFailure) => void,
  ) {
    this.#model = model;
    this.#breaking = breaking;
    model.on('error', () => undefined);
    model.on('close', () => {
      if (!this.#isClosing) onLost(LOST);
    });
  }

  async publish(
    destination: RabbitmqDestination,
    batch: readonly BrokerMessage[],
  ): Promise<readonly PublishOutcome[]> {
    const channel = await this.#channel(destination);
    const outcomes = await channel.publish(batch);
    const isOpen = channel.closedBecause === null;
    if (isOpen) return outcomes.map((outcome) => outcome ?? UNCONFIRMED);
    this.#forget(destination);
    // One message that can't be taken closes the channel, and the others with it.
    return channel.blamesOneOfMany
      ? this.#oneByOne(destination, batch, outcomes)
      : outcomes.map((outcome) => outcome ?? channel.outcome);
  }

  abandon(destination: RabbitmqDestination): void {
    const channel = this.#channels.get(targetOf(destination));
    this.#forget(destination);
    channel?.then((opened) => opened.close()).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      await this.#model.close();
    } catch {
      // It was closing already.
    }
  }

  destroy(): void {
    this.#isClosing = true;
    this.#breaking.abort();
  }

  /** Each alone on a channel, so that it is clear who is to blame. */
  async #oneByOne(
    destination: RabbitmqDestination,
    batch: readonly BrokerMessage[],
    outcomes: readonly (PublishOutcome | null)[],
  ): Promise<readonly PublishOutcome[]> {
    const settled: PublishOutcome[] = [];
    for (const [index, message] of batch.entries()) {
      settled.push(outcomes[index] ?? (await this.#alone(destination, message)));
    }
    return settled;
  }

  async #alone(destination: RabbitmqDestination, message: BrokerMessage): Promise<PublishOutcome> {
    const channel = await this.#open(destination);
    const [outcome] = await channel.publish([message]);
    if (channel.closedBecause !== null) return outcome ?? channel.outcome;
    await channel.close();
    return outcome ?? UNCONFIRMED;
  }

  async #channel(destination: RabbitmqDestination): Promise<PublishChannel> {
    const target = targetOf(destination);
    let channel = this.#channels.get(target);
    if (channel === undefined) {
      channel = this.#open(destination);
      this.#channels.set(target, channel);
    }
    try {
      return await channel;
    } catch (error) {
      this.#channels.delete(target);
      throw error;
    }
  }

  /** @throws BrokerFailure when the connection is gone. */
  async #open(destination: RabbitmqDestination): Promise<PublishChannel> {
    try {
      return new PublishChannel(await this.#model.createConfirmChannel(), destination);
    } catch {
      throw LOST;
    }
  }

  #forget(destination: RabbitmqDestination): void {
    this.#channels.delete(targetOf(destination));
  }
}

const LOST = new BrokerFailure('reset', 'the connection to the broker broke');

const UNCONFIRMED: PublishOutcome = {
  taken: false,
  reason: 'reset',
  detail: 'the broker did not say what became of it',
};
