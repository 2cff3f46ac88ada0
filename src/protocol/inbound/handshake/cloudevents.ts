/**
 * Abuse protection of CloudEvents web hooks (HTTP 1.1 Web Hooks for Event Delivery §4). The one
 * origin that asks is allowed, never all. `config.allowed_origins` (a comma list) narrows it down.
 */
import type { AnswerHandshake } from './answer.ts';
import { emptyReply, refusedReply } from './reply.ts';

/** A DNS name; with a port in what some senders make of it. */
const ORIGIN = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?$/;
const RATE = /^[1-9]\d{0,6}$/;

export const cloudEventsOptions: AnswerHandshake = ({ method, headers }, _json, { config }) => {
  const origin = method === 'OPTIONS' ? headers('webhook-request-origin') : undefined;
  if (origin === undefined) return null;
  if (!ORIGIN.test(origin)) return refusedReply(405, 'WebHook-Request-Origin is no DNS name.');
  const allowed = (config['allowed_origins'] ?? '').split(',').map((one) => one.trim());
  const isOpen = allowed.every((one) => one === '');
  if (!isOpen && !allowed.includes(origin)) {
    return refusedReply(405, `The origin ${origin} is not in config.allowed_origins.`);
  }
  const rate = headers('webhook-request-rate') ?? '';
  return emptyReply(200, {
    headers: {
      allow: 'POST',
      'webhook-allowed-origin': origin,
      ...(RATE.test(rate) ? { 'webhook-allowed-rate': rate } : {}),
    },
  });
};
