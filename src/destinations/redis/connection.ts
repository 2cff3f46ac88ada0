/** A connection to Redis, and adding entries to its streams. */
import { endpointsOf, readBrokerUrl } from '../../domain/broker-url.ts';
import { addressFor, type RedisDestination } from '../../domain/destination.ts';
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
import { entryOf } from './entry.ts';
import { connectFailure, replyFailure } from './failures.ts';

type Options = ConnectOptions<RedisDestination>;
type Package = Awaited<ReturnType<typeof loadRedis>>;
type Client = ReturnType<typeof newClient>;

const loadRedis = () => loadClient('redis', () => import('redis'));

/** @throws BrokerFailure */
export async function connectRedis(options: Options): Promise<BrokerConnection<RedisDestination>> {
  const redis = await loadRedis();
  const endpoints = endpointsOf(options.destination);
  return dialFirst(endpoints, options, (dial) => dialRedis(redis, options, dial), connectFailure);
}

async function dialRedis(redis: Package, options: Options, dial: Dial) {
  const client = newClient(redis, options, dial);
  let cause: unknown;
  client.on('error', (error: unknown) => {
    cause ??= error;
  });
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    throw cause ?? error;
  }
  return new RedisPublisher(client, options.onLost);
}

function newClient({ createClient }: Package, options: Options, dial: Dial) {
  const { destination, credentials } = options;
  const { endpoint, address, tls } = dial;
  const place = { host: address, port: endpoint.port };
  const timing = {
    connectTimeout: BROKER_CONNECT_TIMEOUT_MS,
    // A new connection is vetted anew.
    reconnectStrategy: false as const,
  };
  const username = credentials?.['username'] ?? '';
  const password = credentials?.['password'];
  return createClient({
    socket: tls === null ? { ...place, ...timing } : { ...place, ...timing, ...tls, tls: true },
    database: databaseOf(destination),
    ...(username !== '' && { username }),
    ...(password !== undefined && { password }),
    RESP: 2,
    disableClientInfo: true,
    // Time limits are ours; the client's would be a timer for each command.
    commandOptions: { timeout: 0 },
    // They would have it connect to another address.
    maintNotifications: 'disabled',
  });
}

function databaseOf({ url }: RedisDestination): number {
  const reading = readBrokerUrl('redis', url);
  return reading.ok ? Number(reading.url.path) : 0;
}

class RedisPublisher implements BrokerConnection<RedisDestination> {
  readonly #client: Client;
  #isClosing = false;

  constructor(client: Client, onLost: (failure: BrokerFailure) => void) {
    this.#client = client;
    client.on('error', () => {
      if (this.#isClosing) return;
      this.#isClosing = true;
      onLost(LOST);
    });
  }

  async publish(
    destination: RedisDestination,
    batch: readonly BrokerMessage[],
  ): Promise<readonly PublishOutcome[]> {
    // Written at once and in this order; each has a reply of its own.
    return Promise.all(batch.map((message) => this.#add(destination, message)));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#client.isOpen) await this.#client.close();
  }

  destroy(): void {
    this.#isClosing = true;
    if (this.#client.isOpen) this.#client.destroy();
  }

  async #add(destination: RedisDestination, message: BrokerMessage): Promise<PublishOutcome> {
    const stream = addressFor(destination.stream, message.eventType);
    try {
      const id: unknown = await this.#client.sendCommand(entryOf(destination, stream, message));
      return { taken: true, detail: `entry ${String(id)} of the stream` };
    } catch (error) {
      const failure = replyFailure(error, stream);
      if (failure === undefined) throw LOST;
      return failure;
    }
  }
}

const LOST = new BrokerFailure('reset', 'the connection to the broker broke');
