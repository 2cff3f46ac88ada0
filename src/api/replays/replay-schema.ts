/** Replays on the wire. */
import { z } from 'zod';
import type { ReplayRequest, ReplayView } from '../../dispatch/replay-control.ts';
import { FINAL_STATES } from '../../domain/delivery-state.ts';
import { recordId } from '../../domain/ids.ts';
import { MAX_EVENT_TYPES_PER_SUBSCRIPTION, MAX_REPLAY_RANGE_DAYS } from '../../domain/limits.ts';
import { checkEventTypePattern } from '../../domain/routing.ts';
import { REPLAY_STATUSES } from '../../storage/replays.ts';
import type { SubscriptionRegistry } from '../../storage/subscription-registry.ts';
import { instantIn, instantMs, instantOut, isoTime, reference } from '../common-schema.ts';
import { invalid } from '../problems.ts';
import { rule, strict } from '../validation.ts';
import { filterDocument } from '../subscriptions/content-schema.ts';

const DAY_MS = 86_400_000;

const range = {
  since: instantIn
    .optional()
    .describe(
      `Events accepted at or after this instant. Default: ${MAX_REPLAY_RANGE_DAYS} days before ` +
        '`until`, which is also the longest span.',
    ),
  until: instantIn.optional().describe('Events accepted before this instant. Default: now.'),
};

export const replayInput = strict({
  ...range,
  filter: filterDocument.optional(),
  event_types: z
    .array(z.string().check(rule(checkEventTypePattern, 'invalid_event_type')))
    .min(1)
    .max(MAX_EVENT_TYPES_PER_SUBSCRIPTION)
    .optional()
    .describe('Patterns, as in subscriptions.')
    .meta({ examples: [['task.**']] }),
  task_id: reference.optional(),
  subscription_id: z.string().optional().describe('To this subscription alone.'),
  status: z
    .array(z.enum(FINAL_STATES))
    .min(1)
    .max(FINAL_STATES.length)
    .optional()
    .describe(
      'Only deliveries in one of these states: `["exhausted"]` recovers what has failed. ' +
        'Without it the events are routed anew, to subscriptions they never went to as well.',
    ),
  dry_run: z.boolean().optional().describe('Only count.'),
})
  .check(
    rule((wanted: Readonly<Record<string, unknown>>) => {
      const { dry_run: _dryRun, ...narrowed } = wanted;
      return Object.values(narrowed).some((value) => value !== undefined)
        ? undefined
        : 'say what to replay: since, until, filter, event_types, task_id, subscription_id, status';
    }, 'required'),
  )
  .meta({ id: 'CreateReplay' });

export const recoverInput = strict(range).meta({ id: 'Recover' });

export const replayOutput = z
  .object({
    id: z.string().meta({ examples: ['rpl_01kgsx2f2g00000000001'] }),
    status: z
      .enum(REPLAY_STATUSES)
      .describe('`planned`: its deliveries are being counted, or it is a dry run.'),
    dry_run: z.boolean(),
    total: z.int().nullable().describe('Deliveries in all; null until they are counted.'),
    done: z.int().describe('Deliveries whose replayed attempt has ended, or that were skipped.'),
    outcomes: z.object({
      delivered: z.int(),
      failed: z.int().describe('The first attempt; the retry schedule goes on from there.'),
      skipped: z.int().describe('On their way anyway, or taken over by a resend.'),
      cancelled: z.int(),
    }),
    reason: z.string().nullable().describe('Why it ended early.'),
    since: instantOut,
    until: instantOut,
    filter: z.record(z.string(), z.unknown()).nullable(),
    event_types: z.array(z.string()).nullable(),
    task_id: z.string().nullable(),
    subscription_id: z.string().nullable(),
    statuses: z.array(z.enum(FINAL_STATES)).nullable(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Replay' });

/** @throws Problem for a span that is empty, or too long. */
export function spanOf(
  wanted: { readonly since?: string | undefined; readonly until?: string | undefined },
  now: number,
): Pick<ReplayRequest, 'since' | 'until'> {
  // What was accepted in this millisecond is included.
  const until = instantMs(wanted.until) ?? now + 1;
  const since = instantMs(wanted.since) ?? until - MAX_REPLAY_RANGE_DAYS * DAY_MS;
  if (since >= until) {
    const detail = wanted.until === undefined ? 'lies in the future' : 'is not before until';
    throw invalid({ pointer: '/since', detail, code: 'invalid_range' });
  }
  if (until - since > MAX_REPLAY_RANGE_DAYS * DAY_MS) {
    const detail = `the span is longer than ${MAX_REPLAY_RANGE_DAYS} days; replay it in parts`;
    throw invalid({ pointer: '/since', detail, code: 'too_big' });
  }
  return { since, until };
}

export function replayJson(
  view: ReplayView,
  registry: Pick<SubscriptionRegistry, 'idOf'>,
): z.output<typeof replayOutput> {
  const { number, status, dryRun, total, done, counts, reason, request, createdAt } = view;
  const { delivered, failed, skipped, cancelled } = counts;
  const { subscription } = request;
  return {
    id: recordId('rpl', createdAt, number),
    status,
    dry_run: dryRun,
    // Subscriptions that came since it was counted.
    total: total === null ? null : Math.max(total, done),
    done,
    outcomes: { delivered, failed, skipped, cancelled },
    reason,
    since: isoTime(request.since),
    until: isoTime(request.until),
    filter: request.filter,
    event_types: request.eventTypes === null ? null : [...request.eventTypes],
    task_id: request.taskId,
    subscription_id: subscription === null ? null : (registry.idOf(subscription) ?? null),
    statuses: request.statuses === null ? null : [...request.statuses],
    created_at: isoTime(createdAt),
    updated_at: isoTime(view.updatedAt),
  };
}
