/** A connection to NATS, and publishing to its streams. */
import type { JetStreamClient, PubAck } from '@nats-io/jetstream';
import type {
  Authenticator,
  ConnectionOptions,
  MsgHdrs,
  NatsConnection,
  TlsOptions,
} from '@nats-io/transport-node';
import { endpointsOf } from '../../domain/broker-url.ts';
import { addressFor, type Credentials, type NatsDestination } from '../../domain/destination.ts';
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
import { connectFailure, publishFailure } from './failures.ts';

/** The server is asked so often whether it is there; after two unanswered it is not. */
const PING_INTERVAL_MS = 15_000;
const MAX_UNANSWERED_PINGS = 2;

/** Longer than any attempt: how long one waits is decided there. */
const ACK_TIMEOUT_MS = 600_000;

type Options = ConnectOptions<NatsDestination>;
type Clients = Awaited<ReturnType<typeof loadClients>>;

/** @throws BrokerFailure */
export async function connectNats(options: Options): Promise<BrokerConnection<NatsDestination>> {
  const clients = await loadClients();
  const endpoints = endpointsOf(options.destination);
  return dialFirst(endpoints, options, (dial) => dialNats(clients, options, dial), connectFailure);
}

async function loadClients() {
  const packages = '@nats-io/transport-node @nats-io/jetstream';
  const [core, { jetstream }] = await loadClient(packages, () =>
    Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')]),
  );
  return { core, jetstream };
}

async function dialNats({ core, jetstream }: Clients, options: Options, dial: Dial) {
  const { endpoint, address, tls } = dial;
  const host = address.includes(':') ? `[${address}]` : address;
  // The client passes these on as they are.
  const secure: (TlsOptions & { readonly host: string }) | null = tls && { ...tls, host: address };
  const wanted: ConnectionOptions = {
    servers: `${host}:${endpoint.port}`,
    name: 'Bellwire',
    // Null keeps it from upgrading to TLS without a name to hold the certificate against.
    tls: secure,
    timeout: BROKER_CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: MAX_UNANSWERED_PINGS,
    noAsyncTraces: true,
    // A new connection is vetted anew; nor do we follow addresses that the server names.
    reconnect: false,
    ignoreClusterUpdates: true,
    resolve: false,
    ...accessOf(core, options.credentials),
  };
  const connection = await core.connect(wanted);
  return new NatsPublisher(connection, jetstream(connection), core.headers, options.onLost);
}

function accessOf(core: Clients['core'], credentials: Credentials | null): ConnectionOptions {
  if (credentials === null) return {};
  const { username, password, token, jwt, seed } = credentials;
  if (token !== undefined) return { token };
  if (seed !== undefined) return { authenticator: keyAuthenticator(core, seed, jwt) };
  return { user: username ?? '', pass: password ?? '' };
}

/** @throws BrokerFailure for a seed that is none. */
function keyAuthenticator(core: Clients['core'], seed: string, jwt?: string): Authenticator {
  const bytes = new TextEncoder().encode(seed);
  try {
    core.nkeys.fromSeed(bytes);
  } catch {
    throw new BrokerFailure('auth_failed', 'the seed among the credentials is not one of an nkey');
  }
  return jwt === undefined ? core.nkeyAuthenticator(bytes) : core.jwtAuthenticator(jwt, bytes);
}

class NatsPublisher implements BrokerConnection<NatsDestination> {
  readonly #connection: NatsConnection;
  readonly #stream: JetStreamClient;
  readonly #newHeaders: () => MsgHdrs;
  #isClosing = false;

  constructor(
    connection: NatsConnection,
    stream: JetStreamClient,
    newHeaders: () => MsgHdrs,
    onLost: (failure: BrokerFailure) => void,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#newHeaders = newHeaders;
    void connection.closed().then(() => {
      if (!this.#isClosing) onLost(LOST);
    });
  }

  async publish(
    destination: NatsDestination,
    batch: readonly BrokerMessage[],
  ): Promise<readonly PublishOutcome[]> {
    // Written in this order, and acknowledged each for itself.
    return Promise.all(batch.map((message) => this.#publishOne(destination, message)));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#connection.close();
  }

  destroy(): void {
    this.#isClosing = true;
    void this.#connection.close();
  }

  async #publishOne(
    { subject: template }: NatsDestination,
    message: BrokerMessage,
  ): Promise<PublishOutcome> {
    const subject = addressFor(template, message.eventType);
    const headers = this.#newHeaders();
    for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
    const options = { msgID: message.deliveryId, headers, timeout: ACK_TIMEOUT_MS };
    try {
      return {
        taken: true,
        detail: ackText(await this.#stream.publish(subject, message.body, options)),
      };
    } catch (error) {
      if (this.#connection.isClosed()) throw LOST;
      return publishFailure(error, subject);
    }
  }
}

function ackText({ stream, seq, duplicate }: PubAck): string {
  const place = `message ${seq} of the stream ${stream}`;
  return duplicate ? `${place}, which had it already` : place;
}

const LOST = new BrokerFailure('reset', 'the connection to the broker broke');
