/**
 * Azure Event Grid: a validation code to repeat, or OPTIONS where events are CloudEvents. The
 * `validationUrl` beside the code is never asked: it would be a request to wherever somebody likes.
 */
import { isObject, objectIn, textIn } from '../code/json.ts';
import { cloudEventsOptions } from './cloudevents.ts';
import type { AnswerHandshake } from './answer.ts';
import { isEchoable, jsonReply } from './reply.ts';

const EVENT_TYPE = 'Microsoft.EventGrid.SubscriptionValidationEvent';

export const eventGrid: AnswerHandshake = (request, json, context) => {
  if (request.method === 'OPTIONS') return cloudEventsOptions(request, json, context);
  const isValidation = request.headers('aeg-event-type') === 'SubscriptionValidation';
  if (request.method !== 'POST' || !isValidation || !Array.isArray(json)) return null;
  const event: unknown = json.length === 1 ? json[0] : undefined;
  if (!isObject(event) || textIn(event, 'eventType') !== EVENT_TYPE) return null;
  const code = textIn(objectIn(event, 'data') ?? {}, 'validationCode');
  return isEchoable(code) ? jsonReply({ validationResponse: code }) : null;
};
