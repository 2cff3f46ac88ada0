/** Destinations on the wire: one object for each kind. Credentials are written and never read. */
import { z } from 'zod';
import { DESTINATION_KINDS } from '../../domain/destination.ts';
import { MAX_TARGET_URL_CHARS } from '../../domain/limits.ts';
import {
  MAX_BROKER_ADDRESS_CHARS,
  MAX_BROKER_CREDENTIAL_CHARS,
  MAX_BROKER_SERVERS,
  MAX_BROKER_URL_CHARS,
  MAX_INBOX_NAME_CHARS,
  MAX_STREAM_LENGTH,
} from '../../domain/limits-destinations.ts';
import { strict } from '../validation.ts';

export const targetUrl = z
  .string()
  .max(MAX_TARGET_URL_CHARS)
  .describe('Where events are POSTed to.')
  .meta({ examples: ['https://example.com/webhooks/agent-task-updates'] });

const secret = z
  .string()
  .min(1)
  .max(MAX_BROKER_CREDENTIAL_CHARS)
  .meta({ format: 'password', writeOnly: true });
const username = z.string().max(MAX_BROKER_CREDENTIAL_CHARS);
const userAndPassword = strict({ username: username.default(''), password: secret });
const address = z.string().min(1).max(MAX_BROKER_ADDRESS_CHARS);
const url = z.string().max(MAX_BROKER_URL_CHARS);
const servers = z.array(url).min(1).max(MAX_BROKER_SERVERS);

const INSTEAD = 'Or write them into the URL. They are stored sealed and never shown.';

const webhook = strict({ kind: z.literal('webhook'), url: targetUrl }).meta({
  id: 'WebhookDestination',
});

const rabbitmq = strict({
  kind: z.literal('rabbitmq'),
  url: url.meta({ examples: ['amqps://user:password@rabbit.example.com/vhost'] }),
  exchange: z
    .string()
    .max(MAX_BROKER_ADDRESS_CHARS)
    .default('')
    .describe('Default: the default exchange, where the routing key names a queue.'),
  routing_key: z
    .string()
    .max(MAX_BROKER_ADDRESS_CHARS)
    .describe('`{event_type}` in it stands for the type of each event.')
    .meta({ examples: ['agent-events'] }),
  credentials: userAndPassword.optional().describe(INSTEAD),
}).meta({ id: 'RabbitmqDestination' });

const kafka = strict({
  kind: z.literal('kafka'),
  brokers: servers.describe('`host:port`; the first that answers names the others.'),
  topic: address,
  tls: z.boolean().default(true),
  credentials: strict({
    username,
    password: secret,
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512'),
  })
    .optional()
    .describe('For SASL.'),
}).meta({ id: 'KafkaDestination' });

const sqs = strict({
  kind: z.literal('sqs'),
  queue_url: url.meta({ examples: ['https://sqs.eu-central-1.amazonaws.com/123456789012/events'] }),
  region: z.string().min(1).max(64),
  endpoint: url.optional().describe('Another server that speaks the protocol of SQS.'),
  credentials: strict({
    access_key_id: username.min(1),
    secret_access_key: secret,
    session_token: secret.optional(),
  }).optional(),
}).meta({ id: 'SqsDestination' });

const nats = strict({
  kind: z.literal('nats'),
  servers: servers.meta({ examples: [['tls://user:password@nats.example.com:4222']] }),
  subject: address
    .describe('A stream must listen to it. `{event_type}` in it stands for the type of each event.')
    .meta({ examples: ['events.{event_type}'] }),
  credentials: z
    .union([
      userAndPassword,
      strict({ token: secret }),
      strict({ jwt: secret, seed: secret }),
      strict({ seed: secret }),
    ])
    .optional()
    .describe('User and password, `token`, or `seed` of an nkey, with `jwt` where there is one.'),
}).meta({ id: 'NatsDestination' });

const redis = strict({
  kind: z.literal('redis'),
  url: url.meta({ examples: ['rediss://user:password@redis.example.com:6380/0'] }),
  stream: address.meta({ examples: ['agent-events'] }),
  max_length: z
    .int()
    .min(1)
    .max(MAX_STREAM_LENGTH)
    .nullable()
    .optional()
    .describe('About so many entries are kept; the oldest go. Default: all are kept.'),
  credentials: userAndPassword.optional().describe(INSTEAD),
}).meta({ id: 'RedisDestination' });

const inbox = strict({
  kind: z.literal('inbox'),
  name: z
    .string()
    .min(1)
    .max(MAX_INBOX_NAME_CHARS)
    .regex(/^[a-z0-9][a-z0-9._-]*$/, {
      error: 'is lower-case letters, digits, ".", "_" and "-", and begins with a letter or digit',
    }),
}).meta({ id: 'InboxDestination' });

export const destinationInput = z.discriminatedUnion(
  'kind',
  [webhook, rabbitmq, kafka, sqs, nats, redis, inbox],
  {
    error: ({ code }) =>
      code === 'invalid_union' ? `is one of ${DESTINATION_KINDS.join(', ')}` : undefined,
  },
);

export type DestinationInput = z.output<typeof destinationInput>;

const hasCredentials = { has_credentials: z.boolean() };

export const destinationOutput = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('webhook'), url: z.string() }),
  z.object({
    kind: z.literal('rabbitmq'),
    url: z.string(),
    exchange: z.string(),
    routing_key: z.string(),
    ...hasCredentials,
  }),
  z.object({
    kind: z.literal('kafka'),
    brokers: z.array(z.string()),
    topic: z.string(),
    tls: z.boolean(),
    ...hasCredentials,
  }),
  z.object({
    kind: z.literal('sqs'),
    queue_url: z.string(),
    region: z.string(),
    endpoint: z.string().nullable(),
    ...hasCredentials,
  }),
  z.object({
    kind: z.literal('nats'),
    servers: z.array(z.string()),
    subject: z.string(),
    ...hasCredentials,
  }),
  z.object({
    kind: z.literal('redis'),
    url: z.string(),
    stream: z.string(),
    max_length: z.int().nullable(),
    ...hasCredentials,
  }),
  z.object({ kind: z.literal('inbox'), name: z.string() }),
]);
