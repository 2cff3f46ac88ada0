/** Replies whose JSON text is put together by hand, so that stored bytes stay what they are. */
import type { FastifyReply } from 'fastify';

/** @param text valid JSON of the shape that the route's schema promises. */
export function sendJsonText(reply: Pick<FastifyReply, 'header'>, text: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(text);
}
