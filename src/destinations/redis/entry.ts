/** Plans the command that adds one event to a stream. Pure: same message, same command. */
import type { RedisDestination } from '../../domain/destination.ts';
import type { BrokerMessage } from '../broker/adapter.ts';

const BODY = 'body';

/** `XADD stream [MAXLEN ~ n] * body … webhook-id … event-type …` */
export function entryOf(
  { maxLength }: RedisDestination,
  stream: string,
  { body, headers }: BrokerMessage,
): (string | Buffer)[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const command: (string | Buffer)[] = ['XADD', stream];
  // About: cut where a node of the stream ends, which costs next to nothing.
  if (maxLength !== null) command.push('MAXLEN', '~', String(maxLength));
  command.push('*', BODY, bytes);
  for (const [name, value] of Object.entries(headers)) {
    if (name !== BODY) command.push(name, value);
  }
  return command;
}
