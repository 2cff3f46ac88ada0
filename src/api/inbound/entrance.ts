/**
 * `/in/{token}`, from the socket to the front door and back. Like publishing it is called for every
 * event, so it works on Node's own request and response.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission, FrontDoor, Reply, RequestHead } from '../../ingest/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { certificateOf } from './certificate-of.ts';
import { BodyReader, drain } from './body-reader.ts';

export const INBOUND_PREFIX = '/in/';

interface Options {
  readonly frontDoor: FrontDoor;
  readonly clock: Clock;
  /** True once the server drains: connections are then closed behind their last answer. */
  readonly closing: () => boolean;
}

export type InboundEntrance = (request: IncomingMessage, response: ServerResponse) => void;

export function createInboundEntrance(options: Options): InboundEntrance {
  const { frontDoor, closing } = options;
  const reader = new BodyReader(options);
  return (request, response) => {
    const entry = frontDoor.admit(headOf(request));
    if (entry.kind === 'reply') {
      drain(request);
      write(response, entry, closing());
      return;
    }
    reader.read(request, entry.maxBodyBytes, (end) => {
      if (end.kind === 'body') take(options, entry, end.body, response);
      else {
        const reply = frontDoor.refuseBody(entry, end.kind, end.bytes);
        write(response, reply, closing() || end.kind === 'slow_body');
      }
    });
  };
}

function take(
  { frontDoor, closing }: Options,
  entry: Admission,
  body: Buffer,
  response: ServerResponse,
): void {
  frontDoor.take(entry, body, (reply) => write(response, reply, closing()));
}

function headOf(request: IncomingMessage): RequestHead {
  const { url: target = '', method = '', headers, rawHeaders, socket } = request;
  const query = target.indexOf('?');
  const token = target.slice(INBOUND_PREFIX.length, query === -1 ? undefined : query);
  const peer = socket.remoteAddress ?? '';
  const certificate = () => certificateOf(socket);
  return { method, token, target, headers, rawHeaders, peer, certificate };
}

function write(response: ServerResponse, reply: Reply, isLast: boolean): void {
  const { status, headers, body } = reply;
  if (isLast) response.setHeader('connection', 'close');
  // A 204 has no body, and says nothing of its length (RFC 9110 §8.6).
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}
