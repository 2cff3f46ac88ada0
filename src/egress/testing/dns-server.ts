import { createSocket } from 'node:dgram';
import type { TestContext } from 'node:test';
import ipaddr from 'ipaddr.js';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;
const HEADER_BYTES = 12;
const POINTER_TO_QUESTION = 0xc00c;

export interface DnsAnswer {
  readonly addresses: readonly string[];
  readonly ttlSeconds?: number;
}

export interface DnsServer {
  /** `address:port`, as the resolver takes it. */
  readonly address: string;
  /** Names asked for, one entry a query. */
  readonly asked: string[];
}

/**
 * A DNS server on loopback (RFC 1035, UDP only). `answer` gives the addresses of a name, `null` for
 * a name that does not exist, `'silence'` for no reply at all.
 */
export async function startDns(
  t: TestContext,
  answer: (name: string) => DnsAnswer | null | 'silence',
): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const question = readQuestion(query);
    asked.push(question.name);
    const found = answer(question.name);
    if (found !== 'silence') socket.send(writeReply(query, question, found), peer.port);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', () => resolve());
  });
  t.after(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Offset behind the question. */
  readonly end: number;
}

function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function writeReply(query: Buffer, question: Question, found: DnsAnswer | null): Buffer {
  const kind = question.type === TYPE_A ? 'ipv4' : 'ipv6';
  const addresses = (found?.addresses ?? [])
    .map((address) => ipaddr.parse(address))
    .filter((address) => address.kind() === kind);
  const records = addresses.map((address) => {
    const data = Buffer.from(address.toByteArray());
    const record = Buffer.alloc(HEADER_BYTES);
    record.writeUInt16BE(POINTER_TO_QUESTION, 0);
    record.writeUInt16BE(kind === 'ipv4' ? TYPE_A : TYPE_AAAA, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(found?.ttlSeconds ?? 60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (found === null ? NAME_ERROR : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, question.end), ...records]);
}
