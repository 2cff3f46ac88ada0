/**
 * How a provider asks whether a URL is ours, and what we answer. Only the handshake of the source's
 * own provider is answered; what is echoed is short and of harmless characters, and what is signed
 * can't be mistaken for an event.
 */
import type { AnswerHandshake, Handshake } from './answer.ts';
import type { HandshakeDescription } from './description.ts';
import { cloudEventsOptions } from './cloudevents.ts';
import { discordPing } from './discord.ts';
import { formPing, head, headerToJson, jsonChallenge, queryEcho } from './echoes.ts';
import { eventGrid } from './event-grid.ts';
import { xCrc, zoom } from './keyed.ts';
import { headerEcho, tokenDelivery } from './secret-delivery.ts';
import { snsConfirmation } from './sns.ts';
import { ssfVerification } from './ssf.ts';
import { meta, websub } from './subscriptions.ts';

export type { Handshake, HandshakeContext } from './answer.ts';
export type { HandshakeReply } from './reply.ts';

export function handshakeFor(description: HandshakeDescription): Handshake {
  return { answer: answerOf(description) };
}

function answerOf(description: HandshakeDescription): AnswerHandshake {
  switch (description.kind) {
    case 'json-challenge':
      return jsonChallenge(description);
    case 'query-echo':
      return queryEcho(description);
    case 'header-echo':
      return headerEcho(description);
    case 'token-delivery':
      return tokenDelivery(description);
    case 'header-to-json':
      return headerToJson(description);
    case 'unsigned-form-ping':
      return formPing(description);
    default:
      return FIXED[description.kind];
  }
}

type FixedKind = Exclude<
  HandshakeDescription['kind'],
  | 'json-challenge'
  | 'query-echo'
  | 'header-echo'
  | 'token-delivery'
  | 'header-to-json'
  | 'unsigned-form-ping'
>;

/** Those with nothing to choose. */
const FIXED: Readonly<Record<FixedKind, AnswerHandshake>> = {
  websub,
  meta,
  'cloudevents-options': cloudEventsOptions,
  'ssf-verification': ssfVerification,
  head,
  'discord-ping': discordPing,
  zoom,
  'x-crc': xCrc,
  sns: snsConfirmation,
  'event-grid': eventGrid,
};
