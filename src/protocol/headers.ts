/** Names of the headers on a delivered webhook, in lower case as HTTP/2 and Node give them. */

/** Standard Webhooks: the event id, the same on every attempt and replay. */
export const HEADER_WEBHOOK_ID = 'webhook-id';
/** Standard Webhooks: Unix seconds of this attempt. */
export const HEADER_WEBHOOK_TIMESTAMP = 'webhook-timestamp';
/** Standard Webhooks: signatures separated by one space. */
export const HEADER_WEBHOOK_SIGNATURE = 'webhook-signature';
/** Lowercase hex HMAC-SHA256 of the raw body. */
export const HEADER_AGENT_SIGNATURE = 'x-agent-signature';
/** Bellwire's id of the obligation to deliver this event to this subscription. */
export const HEADER_DELIVERY_ID = 'bellwire-delivery-id';
/** Number of this try, counted from 1. */
export const HEADER_ATTEMPT = 'bellwire-attempt';
/** W3C Trace Context. */
export const HEADER_TRACEPARENT = 'traceparent';
export const HEADER_CONTENT_TYPE = 'content-type';
export const HEADER_USER_AGENT = 'user-agent';
