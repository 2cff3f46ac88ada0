/**
 * Handshakes in which the provider hands over the secret. Such a request proves nothing, so the
 * first one counts and no later one can put another secret in its place: the owner removes the
 * source's secrets to allow a new handshake.
 */
import { sameText } from '../../hmac.ts';
import { isObject, textIn } from '../code/json.ts';
import type { HandshakeDescription } from './description.ts';
import type { AnswerHandshake, HandshakeContext } from './answer.ts';
import { emptyReply, refusedReply } from './reply.ts';
import type { HandshakeReply } from './reply.ts';

type Of<Kind extends HandshakeDescription['kind']> = Extract<
  HandshakeDescription,
  { readonly kind: Kind }
>;

const SECRET = /^[A-Za-z0-9._~+/=-]{16,256}$/;

/** Asana: in a header, which the answer repeats. */
export function headerEcho({ header }: Of<'header-echo'>): AnswerHandshake {
  const name = header.toLowerCase();
  return ({ method, headers }, _json, context) => {
    const secret = method === 'POST' ? headers(name) : undefined;
    return secret === undefined ? null : taken(secret, context, { [name]: secret });
  };
}

/** Notion: in a JSON object with nothing else, which the owner copies back. */
export function tokenDelivery({ field }: Of<'token-delivery'>): AnswerHandshake {
  return ({ method }, json, context) => {
    if (method !== 'POST' || !isObject(json) || Object.keys(json).length !== 1) return null;
    const secret = textIn(json, field);
    return secret === undefined ? null : taken(secret, context, {});
  };
}

function taken(
  secret: string,
  { secrets }: HandshakeContext,
  headers: Readonly<Record<string, string>>,
): HandshakeReply {
  if (!SECRET.test(secret)) return refusedReply(400, 'The secret it hands over is no such text.');
  if (secrets.length === 0) return emptyReply(200, { headers, newSecret: secret });
  return secrets.some((own) => sameText(own, secret))
    ? emptyReply(200, { headers })
    : refusedReply(403, 'It hands over a secret, but this source has one already.');
}
