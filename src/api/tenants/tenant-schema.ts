/** Tenants on the wire: what their operator may lay down, and what is shown. */
import { z } from 'zod';
import {
  MAX_EVENTS_PER_SECOND_QUOTA,
  MAX_REDACT_PATHS,
  MAX_RETENTION_DAYS,
  MAX_SUBSCRIPTIONS_PER_TENANT,
} from '../../domain/limits.ts';
import { parseRedactPath } from '../../domain/redact-path.ts';
import {
  DEFAULT_TENANT_SETTINGS,
  TENANT_NAME,
  TENANT_NAME_RULE,
  type Tenant,
  type TenantSettings,
} from '../../domain/tenant.ts';
import { DAY_MS, type DayUsage } from '../../storage/tenant-data.ts';
import { instantOut, isoTime, ownMetadata, stringMap } from '../common-schema.ts';
import { rule, strict } from '../validation.ts';

const none = 'Null, the default, for none.';

const quotas = strict({
  events_per_second: z
    .int()
    .min(1)
    .max(MAX_EVENTS_PER_SECOND_QUOTA)
    .nullable()
    .optional()
    .describe(
      'Events that may be published, those of batches and duplicates included; a second’s ' +
        `worth at once. ${none}`,
    ),
  max_subscriptions: z.int().min(0).max(MAX_SUBSCRIPTIONS_PER_TENANT).nullable().optional(),
  max_storage_bytes: z
    .int()
    .min(0)
    .nullable()
    .optional()
    .describe(`Bytes of stored events, as \`usage\` counts them. ${none}`),
}).meta({ id: 'TenantQuotas' });

const redactPath = z
  .string()
  .check(rule(redactProblem, 'invalid_path'))
  .meta({ examples: ['data.card.number', 'data.items[*].ssn', 'data.**.password'] });

const changeable = {
  quotas: quotas.nullable().optional().describe('Replaced as a whole.'),
  retention_days: z
    .int()
    .min(1)
    .max(MAX_RETENTION_DAYS)
    .nullable()
    .optional()
    .describe('Days that events are kept. Null, the default: as the server is set.'),
  redact: z
    .array(redactPath)
    .max(MAX_REDACT_PATHS)
    .optional()
    .describe('Values of events that are replaced by `"[redacted]"` before anything is stored.'),
  require_challenge: z
    .boolean()
    .optional()
    .describe('Whether a target must show that it wants events before it gets any.'),
  metadata: ownMetadata.optional(),
};

export const createTenantInput = strict({
  name: z
    .string()
    .check(rule((text) => (TENANT_NAME.test(text) ? undefined : TENANT_NAME_RULE)))
    .describe('What `Bellwire-Tenant` names.')
    .meta({ examples: ['acme'] }),
  ...changeable,
}).meta({ id: 'CreateTenant' });

export const changeTenantInput = strict(changeable).meta({ id: 'ChangeTenant' });

const limit = z.int().nullable();
const count = z.int().min(0);

export const tenantOutput = z
  .object({
    id: z.string().meta({ examples: ['ten_01kgsx2f2g00000000001'] }),
    name: z.string().meta({ examples: ['acme'] }),
    status: z.enum(['active', 'deleting']),
    quotas: z.object({
      events_per_second: limit,
      max_subscriptions: limit,
      max_storage_bytes: limit,
    }),
    retention_days: z.int().nullable(),
    redact: z.array(z.string()),
    require_challenge: z.boolean(),
    metadata: stringMap,
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Tenant' });

export const tenantWithUsage = tenantOutput
  .extend({
    usage: z
      .object({
        subscriptions: count,
        events: count.describe('Stored at present.'),
        bytes: count.describe('Of their bodies and metadata; attempts are not counted.'),
        inboxes: z
          .object({ messages: count, bytes: count })
          .describe('What waits in all inboxes to be pulled.'),
        days: z
          .array(z.object({ date: z.iso.date(), events: count, bytes: count }))
          .describe('By UTC day of acceptance; days without events are left out.'),
      })
      .meta({ id: 'TenantUsage' }),
  })
  .meta({ id: 'TenantWithUsage' });

function redactProblem(text: string): string | undefined {
  const path = parseRedactPath(text);
  return typeof path === 'string' ? path : undefined;
}

/** Fields that are left out stay as they are in `current`. */
export function settingsFrom(
  input: z.output<typeof changeTenantInput>,
  current: TenantSettings = DEFAULT_TENANT_SETTINGS,
): TenantSettings {
  const { quotas: wanted, retention_days: retentionDays } = input;
  return {
    quotas: wanted === undefined ? current.quotas : quotasFrom(wanted),
    retentionDays: retentionDays === undefined ? current.retentionDays : retentionDays,
    redact: input.redact ?? current.redact,
    requireChallenge: input.require_challenge ?? current.requireChallenge,
    metadata: input.metadata ?? current.metadata,
  };
}

function quotasFrom(wanted: z.output<typeof quotas> | null): TenantSettings['quotas'] {
  return {
    eventsPerSecond: wanted?.events_per_second ?? null,
    maxSubscriptions: wanted?.max_subscriptions ?? null,
    maxStorageBytes: wanted?.max_storage_bytes ?? null,
  };
}

export function tenantJson(tenant: Tenant): z.output<typeof tenantOutput> {
  const { eventsPerSecond, maxSubscriptions, maxStorageBytes } = tenant.quotas;
  return {
    id: tenant.id,
    name: tenant.name,
    status: tenant.status,
    quotas: {
      events_per_second: eventsPerSecond,
      max_subscriptions: maxSubscriptions,
      max_storage_bytes: maxStorageBytes,
    },
    retention_days: tenant.retentionDays,
    redact: [...tenant.redact],
    require_challenge: tenant.requireChallenge,
    metadata: tenant.metadata,
    created_at: isoTime(tenant.createdAt),
    updated_at: isoTime(tenant.updatedAt),
  };
}

export type InboxUsage = z.output<typeof tenantWithUsage>['usage']['inboxes'];

export function usageJson(
  subscriptions: number,
  days: readonly DayUsage[],
  inboxes: InboxUsage,
): z.output<typeof tenantWithUsage>['usage'] {
  return {
    subscriptions,
    inboxes,
    events: days.reduce((sum, { events }) => sum + events, 0),
    bytes: days.reduce((sum, { bytes }) => sum + bytes, 0),
    days: days.map(({ day, events, bytes }) => ({
      date: isoTime(day * DAY_MS).slice(0, 10),
      events,
      bytes,
    })),
  };
}
