/** Subscriptions on the wire: what callers may write and what they read back. */
import { z } from 'zod';
import { checkCustomHeaders } from '../../domain/custom-headers.ts';
import {
  DEFAULT_MAX_IN_FLIGHT,
  DEFAULT_TIMEOUT_MS,
  MAX_EVENT_TYPES_PER_SUBSCRIPTION,
  MAX_EXPIRES_AT_AHEAD_DAYS,
  MAX_IN_FLIGHT_CAP,
  MAX_NAME_CHARS,
  MAX_RATE_LIMIT_PER_SECOND,
  MAX_TIMEOUT_MS,
  MIN_TIMEOUT_MS,
} from '../../domain/limits.ts';
import { checkSchedule, DEFAULT_SCHEDULE_SECONDS } from '../../domain/retry-policy.ts';
import { checkEventTypePattern } from '../../domain/routing.ts';
import { SUBSCRIPTION_STATUSES } from '../../domain/subscription.ts';
import { instantIn, instantOut, ownMetadata, stringMap } from '../common-schema.ts';
import { warnings } from '../events/catalogue-check.ts';
import { rule, strict } from '../validation.ts';
import { challengeInput, challengeOutput } from './challenge-schema.ts';
import { contentFields, contentOutput } from './content-schema.ts';
import { destinationInput, destinationOutput, targetUrl } from './destination-schema.ts';
import {
  keyConflict,
  secretFacts,
  secretInput,
  signatureList,
  signaturesOutput,
  signingInput,
} from './signing-schema.ts';
import { sourceIdInput } from './source-input.ts';
import { targetAccessInput, targetAccessOutput } from './target-access-schema.ts';

const pattern = z
  .string()
  .check(rule(checkEventTypePattern, 'invalid_event_type'))
  .meta({ examples: ['task.completed'] });

/** Fields that may be given at creation and changed later. */
const changeable = {
  event_type: pattern.optional().describe('One pattern; or use `event_types`.'),
  event_types: z
    .array(pattern)
    .min(1)
    .max(MAX_EVENT_TYPES_PER_SUBSCRIPTION)
    .optional()
    .describe('Patterns: exact, `task.*` (one part), `task.**` (any depth), `**` (all).'),
  target_url: targetUrl.optional(),
  destination: destinationInput
    .optional()
    .describe('Instead of `target_url`: an object whose `kind` says where events go.'),
  name: z.string().min(1).max(MAX_NAME_CHARS).nullable().optional().describe('For people.'),
  retry_schedule: z
    .array(z.number())
    .check(rule(checkSchedule))
    .optional()
    .describe('Seconds between tries; n steps allow n + 1 tries.')
    .meta({ examples: [[...DEFAULT_SCHEDULE_SECONDS]] }),
  timeout_ms: z
    .int()
    .min(MIN_TIMEOUT_MS)
    .max(MAX_TIMEOUT_MS)
    .optional()
    .describe(`For one attempt. Default ${DEFAULT_TIMEOUT_MS}.`),
  rate_limit: z
    .number()
    .positive()
    .max(MAX_RATE_LIMIT_PER_SECOND)
    .nullable()
    .optional()
    .describe('Attempts a second; null for no limit, the default.'),
  max_in_flight: z
    .int()
    .min(1)
    .max(MAX_IN_FLIGHT_CAP)
    .optional()
    .describe(`Attempts under way at a time. Default ${DEFAULT_MAX_IN_FLIGHT}.`),
  ordered: z
    .boolean()
    .optional()
    .describe(
      'Event n+1 of an `ordering_key` is not attempted before n is over. Events without a key ' +
        'share one line. Default false.',
    ),
  expires_at: instantIn
    .nullable()
    .optional()
    .describe(
      `When it ends: nothing new matches from then on. At most ${MAX_EXPIRES_AT_AHEAD_DAYS} days ` +
        'ahead; null for never, the default.',
    ),
  headers: stringMap
    .check(rule(checkCustomHeaders, 'invalid_header'))
    .optional()
    .describe('Sent with every attempt.'),
  signatures: signatureList.optional(),
  ...targetAccessInput,
  challenge: challengeInput,
  ...contentFields,
  source_id: sourceIdInput,
  metadata: ownMetadata.optional(),
};

export const createSubscriptionInput = strict({
  ...changeable,
  secret: secretInput,
  signing: signingInput,
})
  .check((context) => {
    context.issues.push(...exactlyOne(context.value, 'event_type', 'event_types'));
    context.issues.push(...exactlyOne(context.value, 'target_url', 'destination'));
    context.issues.push(...keyConflict(context.value));
  })
  .meta({ id: 'CreateSubscription' });

export const changeSubscriptionInput = strict(changeable)
  .check((context) => {
    context.issues.push(...atMostOne(context.value, 'event_type', 'event_types'));
    context.issues.push(...atMostOne(context.value, 'target_url', 'destination'));
  })
  .meta({ id: 'ChangeSubscription' });

export type CreateSubscriptionInput = z.output<typeof createSubscriptionInput>;
export type ChangeSubscriptionInput = z.output<typeof changeSubscriptionInput>;

export const subscriptionOutput = z
  .object({
    id: z.string().meta({ examples: ['sub_01kgsx2f2g00000000001'] }),
    name: z.string().nullable(),
    event_types: z.array(z.string()),
    target_url: z.string().nullable().describe('Null where events do not go to a webhook.'),
    destination: destinationOutput,
    source_id: z.string().nullable().describe('The one source whose events it takes, if any.'),
    status: z.enum(SUBSCRIPTION_STATUSES),
    disabled_reason: z.string().nullable(),
    failing_since: instantOut.nullable().describe('Since when every attempt has failed.'),
    retry_schedule: z.array(z.number()),
    timeout_ms: z.int(),
    rate_limit: z.number().nullable(),
    max_in_flight: z.int(),
    ordered: z.boolean(),
    expires_at: instantOut.nullable(),
    headers: stringMap.describe('Values of headers that carry credentials are hidden.'),
    signatures: signaturesOutput,
    signing: z.enum(['hmac', 'ed25519']),
    ...secretFacts,
    ...targetAccessOutput,
    challenge: challengeOutput,
    ...contentOutput,
    metadata: stringMap,
    warnings: warnings.optional().describe('On creation and change: of the event catalogue.'),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Subscription' });

export const createdSubscription = subscriptionOutput
  .extend({
    secret: z.string().describe('Shown in this reply only: keep it to check signatures with.'),
  })
  .meta({ id: 'CreatedSubscription' });

type Issue = z.core.$ZodRawIssue;

function exactlyOne<Key extends string>(
  value: Readonly<Partial<Record<Key, unknown>>>,
  one: Key,
  other: Key,
): Issue[] {
  if (value[one] !== undefined || value[other] !== undefined) return atMostOne(value, one, other);
  return [issue(value, one, `is required (or ${other})`, 'required')];
}

function atMostOne<Key extends string>(
  value: Readonly<Partial<Record<Key, unknown>>>,
  one: Key,
  other: Key,
): Issue[] {
  if (value[one] === undefined || value[other] === undefined) return [];
  return [issue(value, other, `can't be given beside ${one}`, 'conflicting_field')];
}

function issue(input: unknown, key: string, message: string, code: string): Issue {
  return { code: 'custom', input, path: [key], message, params: { code } };
}
