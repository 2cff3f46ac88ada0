/** What a receiver gets, as the `webhooks` part of the OpenAPI document describes it. */
import {
  HEADER_AGENT_SIGNATURE,
  HEADER_AGENT_SIGNATURE_PREVIOUS,
  HEADER_ATTEMPT,
  HEADER_DELIVERY_ID,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_SIGNATURE,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../protocol/headers.ts';

const HEADERS: Readonly<Record<string, string>> = {
  [HEADER_WEBHOOK_ID]: 'The event id: the same on every attempt. Use it to drop duplicates.',
  [HEADER_WEBHOOK_TIMESTAMP]: 'Unix seconds of this attempt.',
  [HEADER_WEBHOOK_SIGNATURE]:
    'Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, one for each ' +
    'live secret, separated by spaces; `v1a,` and an ed25519 signature where that was chosen.',
  [HEADER_AGENT_SIGNATURE]: 'Hex HMAC-SHA256 of the body; its key is the whole text of the secret.',
  [HEADER_AGENT_SIGNATURE_PREVIOUS]:
    'While a secret is being rotated: the same by the secret before the newest.',
  [HEADER_DELIVERY_ID]: 'The delivery this is an attempt of.',
  [HEADER_ATTEMPT]: 'Number of the attempt, from 1.',
};

const text = { type: 'string' };

export const RECEIVE_EVENT = {
  operationId: 'receiveEvent',
  summary: 'An event, as it reaches your endpoint',
  description:
    'Answer 2xx within the timeout of the subscription. Anything else is tried again by its ' +
    'schedule; 410 disables the subscription. Redirects are not followed. A body ' +
    '`{"type":"bellwire.challenge","challenge":token}` asks whether you want the events: answer ' +
    'with `{"challenge":token}`.',
  tags: ['Subscriptions'],
  security: [],
  parameters: Object.entries(HEADERS).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: text,
  })),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            webhook_id: text,
            event_type: text,
            timestamp: { type: 'string', format: 'date-time' },
            task_id: text,
            status: text,
            run_id: text,
            source_id: text,
            provider_event_id: text,
            trust: { const: 'untrusted' },
            data: { description: 'Exactly as published.' },
          },
          required: ['webhook_id', 'event_type', 'timestamp', 'data'],
        },
        example: {
          webhook_id: 'evt_01kgsx2f2g00000000001',
          event_type: 'task.completed',
          timestamp: '2026-04-09T12:00:00.000Z',
          task_id: 'task_123',
          status: 'success',
          data: {},
        },
      },
    },
  },
  responses: {
    '2XX': { description: 'You have it; it is not sent again.' },
    410: { description: 'You want no more: the subscription is disabled.' },
  },
} as const;
