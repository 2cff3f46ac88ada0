/**
 * Discord: `{"type":1}` on the interactions URL, `{"type":0}` on the webhook events URL, where
 * type 1 is an event. Discord also sends pings with bad signatures and expects them to be
 * refused.
 */
import { isObject } from '../code/json.ts';
import type { AnswerHandshake } from './answer.ts';
import { emptyReply, jsonReply } from './reply.ts';

export const discordPing: AnswerHandshake = ({ method }, json) => {
  if (method !== 'POST' || !isObject(json)) return null;
  if (json['type'] === 0) return emptyReply(204, { requiresSignature: true });
  const isPing = json['type'] === 1 && !Object.hasOwn(json, 'event');
  return isPing ? jsonReply({ type: 1 }, true) : null;
};
