/**
 * Stands before a mock broker and adds what it lacks: SASL/PLAIN, records that are too large,
 * topics that do not exist, and being known under another address, as behind a load balancer.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { answerTo, Frames, requestOf, type Account } from './protocol.ts';

const ADVERTISED_BY_MOCK = '127.0.0.1';

export interface FrontOptions {
  /** Of the mock broker. */
  readonly port: number;
  /** Who may come in, or null for all. */
  readonly account: Account | null;
  /** Records that hold this text are too large. */
  readonly poison: string;
  /** The cluster knows no topic of this name; the mock makes any that is asked for. */
  readonly unknownTopic: string;
  /** Where the cluster says its broker is; as long as the mock's own, `127.0.0.1`. */
  readonly advertised: () => { readonly host: string; readonly port: number };
}

/** @returns the port it listens on. */
export async function startKafkaFront(t: TestContext, options: FrontOptions): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect({ host: '127.0.0.1', port: options.port, noDelay: true });
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    client.once('close', () => broker.destroy());
    broker.once('close', () => client.destroy());
    join(client, broker, options);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

function join(client: Socket, broker: Socket, options: FrontOptions): void {
  const session = { account: options.account, poison: options.poison, isIn: false };
  const requests = new Frames((frame) => {
    const request = requestOf(frame);
    const answer = answerTo(request, session);
    if (answer === 'pass') broker.write(frame);
    else if (answer === 'hang up') client.destroy();
    else client.write(answer);
  });
  const answers = new Frames((frame) => {
    client.write(withoutTopic(readdressed(frame, options), options.unknownTopic));
  });
  client.on('data', (chunk) => requests.add(chunk));
  broker.on('data', (chunk) => answers.add(chunk));
}

/** Wherever the mock names itself, the other address stands instead. */
function readdressed(frame: Buffer, { port, advertised }: FrontOptions): Buffer {
  const own = addressBytes(ADVERTISED_BY_MOCK, port);
  const other = advertised();
  let at = frame.indexOf(own);
  while (at !== -1) {
    addressBytes(other.host, other.port).copy(frame, at);
    at = frame.indexOf(own, at + own.length);
  }
  return frame;
}

function addressBytes(host: string, port: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32BE(port);
  return Buffer.concat([Buffer.from(host), number]);
}

const UNKNOWN_TOPIC = 3;

/** In the answer to Metadata, the error code of a topic stands before its name. */
function withoutTopic(frame: Buffer, topic: string): Buffer {
  const name = Buffer.from(topic);
  for (const length of [Buffer.from([0, name.length]), Buffer.from([name.length + 1])]) {
    const at = frame.indexOf(Buffer.concat([Buffer.from([0, 0]), length, name]));
    if (at !== -1) frame.writeInt16BE(UNKNOWN_TOPIC, at);
  }
  return frame;
}
