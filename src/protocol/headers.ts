/** Names of the headers on a delivered webhook, in lower case as HTTP/2 and Node give them. */

/** Standard Webhooks: the event id, the same on every attempt and replay. */
export const HEADER_WEBHOOK_ID = 'webhook-id';
/** Standard Webhooks: Unix seconds of this attempt. */
export const HEADER_WEBHOOK_TIMESTAMP = 'webhook-timestamp';
/** Standard Webhooks: signatures separated by one space. */
export const HEADER_WEBHOOK_SIGNATURE = 'webhook-signature';
/** Lowercase hex HMAC-SHA256 of the raw body. */
export const HEADER_AGENT_SIGNATURE = 'x-agent-signature';
/** The same by the secret before, while the two overlap. */
export const HEADER_AGENT_SIGNATURE_PREVIOUS = 'x-agent-signature-2';
/** Bellwire's id of the obligation to deliver this event to this subscription. */
export const HEADER_DELIVERY_ID = 'bellwire-delivery-id';
/** Number of this try, counted from 1. */
export const HEADER_ATTEMPT = 'bellwire-attempt';
/** On messages to brokers: the type of the event, so that it can be routed unread. */
export const HEADER_EVENT_TYPE = 'event-type';
/** W3C Trace Context. */
export const HEADER_TRACEPARENT = 'traceparent';
/** CloudEvents in binary mode: before the name of each attribute. */
export const HEADER_CLOUDEVENTS_PREFIX = 'ce-';
export const HEADER_CONTENT_TYPE = 'content-type';
export const HEADER_USER_AGENT = 'user-agent';

/** CloudEvents web hooks: the sender's name, in the handshake and on each event after it. */
export const HEADER_REQUEST_ORIGIN = 'webhook-request-origin';
/** CloudEvents web hooks: how many events a minute the sender would like to send. */
export const HEADER_REQUEST_RATE = 'webhook-request-rate';
export const HEADER_ALLOWED_ORIGIN = 'webhook-allowed-origin';
export const HEADER_ALLOWED_RATE = 'webhook-allowed-rate';
