/** One event as a publisher writes it: the contract, and the way from its text to a publication. */
import { z } from 'zod';
import type { Publication } from '../../accept/publication.ts';
import {
  MAX_BROADCAST_NAMED_TENANTS,
  MAX_DELIVER_AT_AHEAD_DAYS,
  MAX_IDEMPOTENCY_KEY_CHARS,
  MAX_METADATA_BYTES,
} from '../../domain/limits.ts';
import { checkEventType, isOperationalEventType } from '../../domain/routing.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { memberSpan } from '../../protocol/json-span.ts';
import { instantIn, instantMs, reference } from '../common-schema.ts';
import { invalid, type Problem } from '../problems.ts';
import { rule, strict, validationProblem } from '../validation.ts';
import { catalogueWarnings, type CatalogueCheck } from './catalogue-check.ts';

const DAY_MS = 86_400_000;
const EMPTY_DATA = '{}';

/** Standard Webhooks signs `id.timestamp.body`, so an id must not hold a dot. */
const OWN_ID = /^[A-Za-z0-9_-]{1,128}$/;
const DERIVED_ID_PREFIX = 'evt_';

const eventType = z
  .string()
  .check(rule(publishable, 'invalid_event_type'))
  .describe('Dotted kind, such as `task.completed`. `bellwire.…` is reserved.')
  .meta({ examples: ['task.completed'] });

const ownId = z
  .string()
  .check(rule(ownIdProblem, 'invalid_id'))
  .describe(
    'Your own id for the event: letters, digits, `_` and `-`, not beginning with `evt_`. It ' +
      'becomes the `webhook-id`, and publishing it again is a duplicate.',
  )
  .meta({ examples: ['order-1234-paid'] });

const eventFields = {
  event_type: eventType,
  data: z
    .unknown()
    .optional()
    .describe('Any JSON value. Receivers get exactly these bytes. Default `{}`.')
    .meta({ examples: [{ amount: 100 }] }),
  id: ownId.optional(),
  task_id: reference.optional().describe('The task this is about; delivered and searchable.'),
  run_id: reference.optional().describe('The run this belongs to; delivered and searchable.'),
  status: reference
    .optional()
    .describe('State of the task, such as `success`; delivered.')
    .meta({ examples: ['success'] }),
  ordering_key: reference
    .optional()
    .describe('Subscriptions that are `ordered` get events with the same key one by one.'),
  retry: z
    .boolean()
    .optional()
    .describe('False: one attempt, whatever the schedules of the subscriptions say.'),
  occurred_at: instantIn.optional().describe('When it happened. Default: when it is accepted.'),
  deliver_at: instantIn
    .optional()
    .describe(`Do not deliver before this instant, at most ${MAX_DELIVER_AT_AHEAD_DAYS} days on.`),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Private notes, at most 16 KiB of JSON; stored and shown, never delivered.'),
};

export const eventInput = strict({
  ...eventFields,
  subscription_id: z
    .string()
    .optional()
    .describe('Goes to this subscription alone, whatever event types it asked for.')
    .meta({ examples: ['sub_01kgsx2f2g00000000001'] }),
}).meta({ id: 'PublishEvent' });

export const broadcastInput = strict({
  ...eventFields,
  tenants: z
    .array(z.string())
    .min(1)
    .max(MAX_BROADCAST_NAMED_TENANTS)
    .optional()
    .describe('Names of those it goes to. Default: all tenants.')
    .meta({ examples: [['acme', 'globex']] }),
}).meta({ id: 'BroadcastEvent' });

function publishable(text: string): string | undefined {
  if (isOperationalEventType(text)) return 'is reserved for events about Bellwire itself';
  return checkEventType(text);
}

function ownIdProblem(text: string): string | undefined {
  if (!OWN_ID.test(text)) return 'is not made of 1 to 128 letters, digits, "_" and "-"';
  return text.startsWith(DERIVED_ID_PREFIX)
    ? 'must not begin with "evt_", which ids given by Bellwire begin with'
    : undefined;
}

export interface PublicationContext {
  readonly tenant: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly idempotencyKey: string | undefined;
  /** A subscription of this tenant by its id. */
  readonly findSubscription: (tenant: number, id: string) => Subscription | undefined;
  readonly catalogue: CatalogueCheck;
}

/**
 * @param text JSON text of the event; `data` and `metadata` are cut from it unchanged.
 * @param value what `JSON.parse` makes of the text.
 * @throws Problem `validation_failed` naming every part that is not acceptable, or what the event
 * catalogue refuses.
 */
export function readPublication(
  text: string,
  value: unknown,
  context: PublicationContext,
): Publication {
  const parsed = eventInput.safeParse(value);
  if (!parsed.success) throw validationProblem(parsed.error, 'body');
  const { subscription_id: only, ...event } = parsed.data;
  const publication = {
    ...toPublication(text, event, context),
    // Not the schema's copy of it: filters see the members as they were written.
    metadata: (value as { readonly metadata?: unknown }).metadata,
  };
  return only === undefined ? publication : { ...publication, only: addressed(only, context) };
}

/** @throws Problem `validation_failed` */
function addressed(id: string, { tenant, findSubscription }: PublicationContext): Subscription {
  const found = findSubscription(tenant, id);
  if (found !== undefined) return found;
  const detail = 'there is no subscription with this id';
  throw invalid({ pointer: '/subscription_id', code: 'unknown_subscription', detail });
}

/** The event as it is accepted, once its fields are known to be right. */
export function toPublication(
  text: string,
  event: Omit<z.output<typeof eventInput>, 'subscription_id'>,
  context: Omit<PublicationContext, 'findSubscription'>,
): Publication {
  const dataText = memberText(text, 'data');
  return {
    tenant: context.tenant,
    eventType: event.event_type,
    dataText: dataText ?? EMPTY_DATA,
    data: event.data,
    id: event.id,
    taskId: event.task_id,
    runId: event.run_id,
    status: event.status,
    orderingKey: event.ordering_key,
    retry: event.retry,
    occurredAt: instantMs(event.occurred_at),
    deliverAt: deliverAt(event.deliver_at, context.now),
    metadataText: event.metadata === undefined ? undefined : metadataText(text),
    warningsText: catalogueWarnings(context, event.event_type, event.data, dataText),
    idempotencyKey: context.idempotencyKey,
  };
}

function memberText(text: string, key: string): string | undefined {
  const span = memberSpan(text, key);
  return span && text.slice(span.start, span.end);
}

function metadataText(text: string): string | undefined {
  const metadata = memberText(text, 'metadata');
  if (metadata !== undefined && Buffer.byteLength(metadata) > MAX_METADATA_BYTES) {
    const detail = `takes more than ${MAX_METADATA_BYTES} bytes`;
    throw invalid({ pointer: '/metadata', code: 'too_big', detail });
  }
  return metadata;
}

function deliverAt(text: string | undefined, now: number): number | undefined {
  const at = instantMs(text);
  if (at !== undefined && at > now + MAX_DELIVER_AT_AHEAD_DAYS * DAY_MS) {
    const detail = `lies more than ${MAX_DELIVER_AT_AHEAD_DAYS} days ahead`;
    throw invalid({ pointer: '/deliver_at', code: 'too_big', detail });
  }
  return at;
}

export const IDEMPOTENCY_HEADER = 'idempotency-key';
const PRINTABLE = /^[\x20-\x7e]*$/;
/** A string of RFC 8941 §3.3.3, which the Idempotency-Key draft asks for. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * Reads the `Idempotency-Key` header. `"abc"` and `abc` are the same key, because many clients
 * leave the quotes out.
 *
 * @throws Problem `validation_failed` naming the header.
 */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = (Array.isArray(header) ? header.join(', ') : header).trim();
  const quoted = QUOTED.exec(text)?.[1];
  const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, '$1');
  if (key === '') throw badKey('must not be empty');
  if (!PRINTABLE.test(key)) throw badKey('holds characters other than printable ASCII');
  if (quoted === undefined && text.startsWith('"')) throw badKey('is quoted at one end only');
  if (key.length > MAX_IDEMPOTENCY_KEY_CHARS) {
    throw badKey(`has more than ${MAX_IDEMPOTENCY_KEY_CHARS} characters`);
  }
  return key;
}

function badKey(detail: string): Problem {
  return invalid({ header: IDEMPOTENCY_HEADER, code: 'invalid_format', detail });
}
