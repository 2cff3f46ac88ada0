/** Sources on the wire: what callers may write and what they read back. */
import { z } from 'zod';
import {
  DEFAULT_INBOUND_BODY_BYTES,
  MAX_INBOUND_BODY_BYTES,
  MAX_NETWORKS,
  MAX_POINTER_CHARS,
  MAX_REPLY_BODY_CHARS,
  MAX_SOURCE_CONFIG_BYTES,
  MAX_SOURCE_FIELDS,
  MAX_SOURCE_RATE_PER_SECOND,
  MAX_SOURCE_SECRET_CHARS,
} from '../../domain/limits-ingest.ts';
import {
  DEFAULT_SECRET_OVERLAP_SECONDS,
  MAX_NAME_CHARS,
  MAX_SECRET_OVERLAP_SECONDS,
} from '../../domain/limits.ts';
import { MAX_SOURCE_SECRETS } from '../../domain/limits-sources.ts';
import { SOURCE_STATUSES } from '../../domain/source.ts';
import { CREDENTIAL_NAME } from '../../domain/source-secrets.ts';
import { idParams, instantOut } from '../common-schema.ts';
import { rule, strict } from '../validation.ts';
import { pollStatusOutput } from './poll-status-json.ts';

export const sourceParams = idParams('src_01kgsx2f2g00000000001');

const secret = z.string().min(1).max(MAX_SOURCE_SECRET_CHARS);

const secretsInput = {
  secret: secret
    .optional()
    .describe('As the provider shows it: see `secret_hint` of the provider. Never shown again.'),
  secrets: z
    .array(secret)
    .min(1)
    .max(MAX_SOURCE_SECRETS)
    .optional()
    .describe('Several that are valid at the same time, newest first; instead of `secret`.'),
};

const credentialsInput = z
  .record(
    z.string().regex(CREDENTIAL_NAME, { error: 'must be lower-case letters, digits and _' }),
    secret,
  )
  .check(
    rule((all) =>
      Object.keys(all).length > MAX_SOURCE_SECRETS
        ? `has more than ${MAX_SOURCE_SECRETS} members`
        : undefined,
    ),
  )
  .optional()
  .describe(
    'For requests that the source makes itself (polls, hydration): `{secret:api_key}` in a ' +
      'header stands for `api_key`. Never shown again.',
  )
  .meta({ examples: [{ api_key: 'sk_live_…' }] });

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, { error: 'is no name of a header' });

const pointer = z.string().max(MAX_POINTER_CHARS);

const dedupeInput = strict({
  path: pointer
    .optional()
    .describe('Into the JSON body: `/data/id` (JSON Pointer) or `data.id`.')
    .meta({ examples: ['/data/id'] }),
  header: headerName.optional(),
  body: z.literal(true).optional().describe('The bytes of the whole body.'),
}).check(rule(oneOfThem));

function oneOfThem(dedupe: Readonly<Record<string, unknown>>): string | undefined {
  const given = Object.values(dedupe).filter((value) => value !== undefined).length;
  return given === 1 ? undefined : 'must have exactly one of: path, header, body';
}

const replyInput = strict({
  status: z.int().min(200).max(299).default(200).describe('A 2xx: it says the event is stored.'),
  content_type: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+="?[\w.+-]+"?)*$/, { error: 'is no content type' })
    .max(200)
    .nullable()
    .optional(),
  body: z.string().max(MAX_REPLY_BODY_CHARS).nullable().optional(),
}).check(rule(bodyFits));

function bodyFits(reply: { status: number; body?: string | null | undefined }): string | undefined {
  const isEmpty = (reply.body ?? '') === '';
  return reply.status === 204 && !isEmpty ? 'a 204 has no body' : undefined;
}

const config = z
  .record(z.string().max(100), z.unknown())
  .check(rule(configSize, 'too_big'))
  .describe(
    'Settings that the provider needs, see `settings` of the provider; besides `event_type`, ' +
      '`event_type_from`, `event_id_from`, `tolerance_seconds`, `client_certificate`, `hydrate`. ' +
      'What a source of the provider `poll` looks at, and when.',
  );

function configSize(value: object): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > MAX_SOURCE_CONFIG_BYTES
    ? `takes more than ${MAX_SOURCE_CONFIG_BYTES} bytes`
    : undefined;
}

const changeable = {
  name: z.string().min(1).max(MAX_NAME_CHARS).nullable().optional().describe('For people.'),
  credentials: credentialsInput,
  config: config.optional(),
  ip_allowlist: z
    .array(z.string().max(100))
    .max(MAX_NETWORKS)
    .optional()
    .describe(
      'Who may send: addresses, networks, or `provider` for its published networks. Empty: all.',
    )
    .meta({ examples: [['203.0.113.0/24', 'provider']] }),
  dedupe: dedupeInput
    .nullable()
    .optional()
    .describe('What makes a repeat a repeat. Default: the provider’s event id, else the body.'),
  reply: replyInput
    .nullable()
    .optional()
    .describe('What the sender is answered once its event is stored. Default: 200 and nothing.'),
  allow_unsigned: z
    .boolean()
    .optional()
    .describe('Lets anybody in who knows the URL. Must be said where nothing is verified.'),
  rate_limit: z
    .number()
    .positive()
    .max(MAX_SOURCE_RATE_PER_SECOND)
    .nullable()
    .optional()
    .describe('Requests a second, beyond which senders get 429; null for no limit, the default.'),
  fields: z
    .array(pointer)
    .min(1)
    .max(MAX_SOURCE_FIELDS)
    .nullable()
    .optional()
    .describe('JSON Pointers to what is kept of `data`; the rest is dropped. null: all is kept.')
    .meta({ examples: [['/id', '/data/object/status']] }),
  max_body_bytes: z
    .int()
    .min(1)
    .max(MAX_INBOUND_BODY_BYTES)
    .nullable()
    .optional()
    .describe(`Larger requests get 413. Default ${DEFAULT_INBOUND_BODY_BYTES}.`),
};

export const createSourceInput = strict({
  provider: z
    .string()
    .min(1)
    .max(100)
    .describe('An id of `GET /v1/providers`, `custom`, `none`, or `poll`.')
    .meta({ examples: ['github'] }),
  ...secretsInput,
  ...changeable,
})
  .check((context) => void context.issues.push(...eitherSecret(context.value)))
  .meta({ id: 'CreateSource' });

export const changeSourceInput = strict({ ...secretsInput, ...changeable })
  .check((context) => void context.issues.push(...eitherSecret(context.value)))
  .meta({ id: 'ChangeSource' });

export const rotateSourceInput = strict({
  secret,
  overlap_seconds: z
    .int()
    .min(0)
    .max(MAX_SECRET_OVERLAP_SECONDS)
    .default(DEFAULT_SECRET_OVERLAP_SECONDS)
    .describe('For so long the secrets before it go on verifying.'),
}).meta({ id: 'RotateSourceSecret' });

function eitherSecret(value: {
  secret?: string | undefined;
  secrets?: readonly string[] | undefined;
}): z.core.$ZodRawIssue[] {
  if (value.secret === undefined || value.secrets === undefined) return [];
  const message = 'give secret or secrets, not both';
  return [{ code: 'custom', message, input: value, path: ['secret'], params: { code: 'invalid' } }];
}

export type CreateSourceInput = z.output<typeof createSourceInput>;
export type ChangeSourceInput = z.output<typeof changeSourceInput>;

export const sourceOutput = z
  .object({
    id: z.string().meta({ examples: ['src_01kgsx2f2g00000000001'] }),
    provider: z.string(),
    name: z.string().nullable(),
    url: z
      .string()
      .nullable()
      .describe('Give it to the provider. It is a secret: whoever knows it may knock.'),
    status: z.enum(SOURCE_STATUSES),
    locked_reason: z.string().nullable().describe('Why it is out of order in spite of its status.'),
    config: z.record(z.string(), z.unknown()).describe('Values that are credentials are hidden.'),
    ip_allowlist: z.array(z.string()),
    dedupe: z
      .object({
        path: z.string().optional(),
        header: z.string().optional(),
        body: z.literal(true).optional(),
      })
      .nullable(),
    reply: z
      .object({
        status: z.int(),
        content_type: z.string().nullable(),
        body: z.string().nullable(),
      })
      .nullable(),
    allow_unsigned: z.boolean(),
    rate_limit: z.number().nullable(),
    fields: z.array(z.string()).nullable(),
    max_body_bytes: z.int(),
    credentials: z.array(z.string()).describe('Their names.'),
    poll: pollStatusOutput
      .optional()
      .describe('How polls are going; only of a poll source, and only where one source is read.'),
    live_secrets: z.int().describe('How many verify at present.'),
    previous_secrets_expire_at: instantOut.nullable(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Source' });
