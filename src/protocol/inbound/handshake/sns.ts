/**
 * Amazon SNS: a signed `SubscriptionConfirmation` with a URL to visit. Once the signature and topic
 * are found good, that URL is asked, if it is SNS's own and does nothing but confirm this topic.
 */
import { isObject, objectOf, textIn } from '../code/json.ts';
import type { JsonObject } from '../code/json.ts';
import { isSnsUrl } from '../code/sns.ts';
import type { AnswerHandshake } from './answer.ts';
import { emptyReply, refusedReply } from './reply.ts';

export const snsConfirmation: AnswerHandshake = ({ method, body }, json) => {
  if (method !== 'POST') return null;
  // It comes as text/plain, so nobody may have parsed it yet.
  const message = isObject(json) ? json : objectOf(body);
  if (message === undefined || textIn(message, 'Type') !== 'SubscriptionConfirmation') return null;
  const confirm = confirmUrl(message);
  return confirm === undefined
    ? refusedReply(403, "SubscribeURL is not SNS's own, or does not confirm this topic.")
    : emptyReply(200, { confirm, requiresSignature: true });
};

function confirmUrl(message: JsonObject): string | undefined {
  const text = textIn(message, 'SubscribeURL') ?? '';
  if (!isSnsUrl(text)) return undefined;
  const url = new URL(text);
  const { searchParams } = url;
  const isConfirmation =
    url.pathname === '/' &&
    url.hash === '' &&
    isOnly(searchParams, 'Action', 'ConfirmSubscription') &&
    isOnly(searchParams, 'TopicArn', textIn(message, 'TopicArn')) &&
    isOnly(searchParams, 'Token', textIn(message, 'Token'));
  return isConfirmation ? url.href : undefined;
}

function isOnly(query: URLSearchParams, name: string, value: string | undefined): boolean {
  const values = query.getAll(name);
  return value !== undefined && values.length === 1 && values[0] === value;
}
