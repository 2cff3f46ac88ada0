/** What every handshake looks like to those who ask. */
import type { InboundRequest } from '../request.ts';
import type { HandshakeReply } from './reply.ts';

export interface HandshakeContext {
  /** All live secrets of the source, newest first; may be empty. */
  readonly secrets: readonly string[];
  readonly config: Readonly<Record<string, string>>;
}

/**
 * `null`: the request is no handshake, and goes on as an event.
 *
 * @param json the parsed body; undefined when it is none.
 */
export type AnswerHandshake = (
  request: InboundRequest,
  json: unknown,
  context: HandshakeContext,
) => HandshakeReply | null;

export interface Handshake {
  readonly answer: AnswerHandshake;
}
