/** Handshakes whose answer repeats a text: they show that somebody is listening, and no more. */
import { isMediaType } from '../code/forms.ts';
import { isObject, textIn, utf8 } from '../code/json.ts';
import type { HandshakeDescription } from './description.ts';
import type { AnswerHandshake } from './answer.ts';
import { queryField } from './query.ts';
import { emptyReply, isEchoable, jsonReply, textReply } from './reply.ts';

type Of<Kind extends HandshakeDescription['kind']> = Extract<
  HandshakeDescription,
  { readonly kind: Kind }
>;

/** Slack, MCP: a JSON object that says what it is. */
export function jsonChallenge({ type, field, signed }: Of<'json-challenge'>): AnswerHandshake {
  return ({ method }, json) => {
    if (method !== 'POST' || !isObject(json) || textIn(json, 'type') !== type) return null;
    const text = textIn(json, field);
    return isEchoable(text) ? jsonReply({ [field]: text }, signed) : null;
  };
}

/** Dropbox, Microsoft Graph, A2A, Adobe: a field of the query. */
export function queryEcho({ method, parameter }: Of<'query-echo'>): AnswerHandshake {
  return (request) => {
    if (request.method !== method) return null;
    const text = queryField(request, parameter);
    return isEchoable(text) ? textReply(text) : null;
  };
}

/** Okta: a header. */
export function headerToJson({ header, field }: Of<'header-to-json'>): AnswerHandshake {
  return ({ method, headers }) => {
    const text = method === 'GET' ? headers(header.toLowerCase()) : undefined;
    return isEchoable(text) ? jsonReply({ [field]: text }) : null;
  };
}

const DIGITS = /^\d{1,20}$/;

/** WooCommerce: a form with a number, and nothing else. */
export function formPing({ field }: Of<'unsigned-form-ping'>): AnswerHandshake {
  return ({ method, headers, body }) => {
    const isForm = isMediaType(headers('content-type'), 'application/x-www-form-urlencoded');
    if (method !== 'POST' || !isForm || body.length > 256) return null;
    const [name, value = '', ...more] = utf8(body)?.split('=') ?? [];
    return name === field && more.length === 0 && DIGITS.test(value) ? emptyReply(200) : null;
  };
}

/** Trello: is there anything at this address? */
export const head: AnswerHandshake = ({ method }) => (method === 'HEAD' ? emptyReply(200) : null);
