/** Voice agents. */
import { provider } from './entry.ts';
import type { Provider } from './provider.ts';
import { fieldsShape, headerShape, headerTime, headerToken, versionsShape } from './shapes.ts';

const CATEGORY = 'voice-agent';

export const VOICE: readonly Provider[] = [
  provider({
    id: 'elevenlabs',
    name: 'ElevenLabs',
    category: CATEGORY,
    scheme: fieldsShape('elevenlabs-signature', { signature: 'v0', toleranceSeconds: 1_800 }),
    type: 'json:type',
    event: 'json:type + json:data.conversation_id',
    reply: { status: 200 },
    retry:
      'None, by the documentation of August 2025 (a third party says otherwise); switched off ' +
      'after ten failures in a row and a week without success.',
    secretHint: 'Shown once when the webhook is created in the settings.',
    confidence: 'verified-primary',
    documentation: 'elevenlabs-js constructEvent; ElevenLabs documentation',
    notes: 'Without an id of its own: the conversation and the type together stand for an event.',
  }),
  provider({
    id: 'retell',
    name: 'Retell AI',
    category: CATEGORY,
    scheme: fieldsShape('x-retell-signature', {
      time: 'v',
      signature: 'd',
      content: '{body}{timestamp}',
      unit: 'ms',
    }),
    type: 'json:event',
    retry: 'Up to three more tries; 10 s each.',
    secretHint: 'The Retell API key that carries the webhook badge.',
    confidence: 'verified-primary',
    unverifiedFields: ['retry'],
    documentation: 'retell-typescript-sdk and tests; docs.retellai.com',
    notes:
      'A call reports some types many times (transcript_updated), so the body decides what is a ' +
      'duplicate, not the call.',
  }),
  provider({
    id: 'vapi',
    name: 'Vapi',
    category: CATEGORY,
    scheme: {
      kind: 'any',
      of: [
        headerShape('{config.signature_header|x-vapi-signature}', {
          prefix: '{config.signature_prefix|}',
          content: '{timestamp}.{body}',
          timestamp: headerTime('{config.timestamp_header|x-timestamp}'),
        }),
        headerToken('x-vapi-secret'),
        headerToken('authorization', 'Bearer '),
      ],
    },
    type: 'json:message.type',
    reply: { status: 200 },
    retry: 'None unless a backoff plan is set (up to ten); 20 s to answer, adjustable.',
    settings: [
      { name: 'signature_header', required: false, meaning: 'Default x-vapi-signature.' },
      { name: 'timestamp_header', required: false, meaning: 'Default x-timestamp.' },
      { name: 'signature_prefix', required: false, meaning: 'In front of the hex; default none.' },
    ],
    secretHint: 'The secret of the HMAC credential, of the server, or the Bearer token.',
    confidence: 'verified-primary',
    documentation: 'VapiAI/docs, server URL and authentication; OpenAPI of the credentials',
    notes:
      'The HMAC credential can be set up in many ways; for others than the default use a custom ' +
      'scheme. Some messages (assistant-request, tool-calls) wait for an answer that a queue ' +
      "can't give.",
  }),
  provider({
    id: 'ultravox',
    name: 'Ultravox',
    category: CATEGORY,
    scheme: versionsShape('x-ultravox-webhook-signature', '', {
      content: '{body}{timestamp}',
      timestamp: headerTime('x-ultravox-webhook-timestamp', 'iso8601', 60),
    }),
    type: 'json:event',
    retry: 'Ten more tries with doubling pauses from 30 s.',
    secretHint: 'Secret of the webhook; several can be live.',
    confidence: 'verified-secondary',
    unverifiedFields: ['scheme.content', 'scheme.signature', 'scheme.timestamp'],
    documentation: 'docs.ultravox.ai, securing webhooks; errors and retries',
    notes: 'How time and body are joined is from memory.',
  }),
  provider({
    id: 'bland',
    name: 'Bland AI',
    category: CATEGORY,
    scheme: headerShape('x-webhook-signature'),
    secretHint: 'Webhook signing secret in the account settings.',
    confidence: 'memory',
    documentation: 'From memory; trigger.dev catalogue',
    notes:
      'call_id names the call, and a call may report more than once: the body decides what is a ' +
      'duplicate.',
  }),
  provider({
    id: 'livekit',
    name: 'LiveKit',
    category: CATEGORY,
    scheme: {
      kind: 'code',
      name: 'jwt-body-hash',
      params: {
        header: 'authorization',
        claim: 'sha256',
        claimEncoding: 'base64',
        issuer: null,
        expires: true,
      },
    },
    type: 'json:event',
    event: 'json:id',
    signsEventId: true,
    bodyTypes: ['application/webhook+json', 'application/json'],
    settings: [
      { name: 'issuer', required: false, meaning: 'The API key; others are refused if it is set.' },
    ],
    secretHint: 'The API secret of the key that signs webhooks.',
    confidence: 'verified-secondary',
    documentation: 'trigger.dev catalogue; LiveKit documentation from memory',
    notes: "A JWT in Authorization holds the body's hash.",
  }),
];
