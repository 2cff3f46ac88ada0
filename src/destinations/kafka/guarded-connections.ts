/**
 * Connections to the brokers of a cluster. The client opens a socket to whatever address it is
 * told, and most are told by the cluster itself: so each is held against the rules of egress,
 * resolved once, and dialled as the literal address that was judged.
 */
import type { Broker, Connection, ConnectionOptions } from '@platformatic/kafka';
import { readBrokerAddress } from '../../domain/broker-url.ts';
import { MAX_KAFKA_ANSWER_BYTES } from '../../domain/limits-streams.ts';
import type { BrokerGuard, BrokerTls, ClientIdentity, VettedBroker } from '../../egress/port.ts';

export type Kafka = typeof import('@platformatic/kafka');

type Allowed = Extract<VettedBroker, { ok: true }>;

interface Options {
  readonly kafka: Kafka;
  readonly clientId: string;
  readonly guard: BrokerGuard;
  readonly tls: boolean;
  /** For mutual TLS. */
  readonly identity: ClientIdentity | null;
  readonly connection: ConnectionOptions;
}

export class GuardedConnections {
  readonly #options: Options;
  /** By `host:port` as the cluster tells it. */
  readonly #connections = new Map<string, Promise<Connection>>();
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws an error of the client's own kinds, with `reason` where the guard objects. */
  get(broker: Broker): Promise<Connection> {
    const { host, port } = broker;
    const key = `${host}:${port}`;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const opening = this.#open(host, port);
    this.#connections.set(key, opening);
    const forget = () => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key);
    };
    opening.then((connection) => {
      connection.once('close', forget);
      if (!connection.isConnected()) forget();
    }, forget);
    return opening;
  }

  /** The first of them that can be reached. */
  async first(brokers: readonly Broker[]): Promise<Connection> {
    const failures: Error[] = [];
    for (const broker of brokers) {
      try {
        return await this.get(broker);
      } catch (error) {
        failures.push(asError(error));
      }
    }
    throw new this.#options.kafka.MultipleErrors('no broker could be reached', failures);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#end().map(async (opening) => (await opening).close()));
  }

  /** At once: what is under way fails. */
  destroy(): void {
    for (const opening of this.#end()) {
      opening.then(
        ({ socket }) => socket.destroy(),
        () => undefined,
      );
    }
  }

  #end(): Promise<Connection>[] {
    this.#closed = true;
    const all = [...this.#connections.values()];
    this.#connections.clear();
    return all;
  }

  async #open(host: string, port: number): Promise<Connection> {
    const { kafka } = this.#options;
    const vetted = await this.#vet(host, port);
    const failures: Error[] = [];
    for (const address of vetted.addresses) {
      if (this.#closed) break;
      try {
        return await this.#dial(address, port, vetted.tls);
      } catch (error) {
        failures.push(asError(error));
      }
    }
    if (this.#closed) throw new kafka.NetworkError('the client is closed', { canRetry: false });
    throw new kafka.MultipleErrors(`the broker ${host}:${port} could not be reached`, failures);
  }

  async #vet(host: string, port: number): Promise<Allowed> {
    const { kafka, guard, tls, identity } = this.#options;
    const reading = readBrokerAddress(`${host.includes(':') ? `[${host}]` : host}:${port}`, tls);
    const vetted: VettedBroker = reading.ok
      ? await guard.vet(reading.url.endpoint, identity)
      : { ok: false, reason: 'blocked', detail: 'the cluster names a broker without an address' };
    if (vetted.ok) return vetted;
    const { reason, detail } = vetted;
    throw new kafka.NetworkError(detail, { canRetry: false, reason });
  }

  async #dial(address: string, port: number, tls: BrokerTls | null): Promise<Connection> {
    const { kafka, clientId, connection: options } = this.#options;
    const connection = new kafka.Connection(clientId, { ...options, ...(tls !== null && { tls }) });
    // Whoever waits for an answer is told; an error that nobody listens to would end the process.
    connection.on('error', () => undefined);
    const connecting = connection.connect(address, port);
    boundAnswers(connection);
    await connecting;
    return connection;
  }
}

const LENGTH_BYTES = 4;

/** The client keeps an answer in memory until it is whole, however long it claims to be. */
function boundAnswers({ socket }: Connection): void {
  let missing = 0;
  let head = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      const taken = Math.min(missing, chunk.length - at);
      missing -= taken;
      at += taken;
      if (missing > 0 || at === chunk.length) return;
      const part = chunk.subarray(at, at + LENGTH_BYTES - head.length);
      head = Buffer.concat([head, part]);
      at += part.length;
      if (head.length < LENGTH_BYTES) return;
      missing = head.readUInt32BE();
      head = Buffer.alloc(0);
      if (missing > MAX_KAFKA_ANSWER_BYTES) {
        socket.destroy();
        return;
      }
    }
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
