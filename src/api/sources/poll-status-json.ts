/** How polls are going, as a reader of a source sees it. */
import { z } from 'zod';
import { POLL_RESULTS } from '../../domain/poll/state.ts';
import type { PollStatus } from '../../poll/poll-status.ts';
import { instantOut, isoTimeOrNull } from '../common-schema.ts';

const problem = z.object({
  resource: z.string(),
  reason: z.string(),
  failures: z.int().describe('Failed polls in a row.'),
  last_success_at: instantOut.nullable(),
  next_poll_at: instantOut.nullable(),
});

export const pollStatusOutput = z.object({
  resources: z.int(),
  seen: z.int().describe('Resources that were looked at with success at least once.'),
  failing: z.int().describe('Resources whose last poll failed.'),
  stale: z.int().describe('Resources without a good look for more than three intervals.'),
  last_poll_at: instantOut.nullable(),
  next_poll_at: instantOut.nullable(),
  fresh_since: instantOut
    .nullable()
    .describe('No resource was looked at longer ago than this; null while one was never seen.'),
  last_change_at: instantOut.nullable(),
  last_result: z.enum(POLL_RESULTS).nullable(),
  last_reason: z.string().nullable(),
  problem: z.string().nullable().describe('Why nothing is polled at all.'),
  budget: z.object({
    requests: z.int(),
    per_seconds: z.int(),
    credential: z.string().nullable(),
    remaining: z
      .int()
      .nullable()
      .describe('Requests that may be made right now; null where another node makes them.'),
    paused_until: instantOut.nullable().describe('The other side asked for a pause.'),
  }),
  problems: z.array(problem).describe('The worst ones.'),
});

export function pollStatusJson(status: PollStatus): z.output<typeof pollStatusOutput> {
  const { resources, seen, failing, stale, budget } = status;
  return {
    resources,
    seen,
    failing,
    stale,
    last_poll_at: isoTimeOrNull(status.lastPollAt),
    next_poll_at: isoTimeOrNull(status.nextPollAt),
    fresh_since: isoTimeOrNull(status.freshSince),
    last_change_at: isoTimeOrNull(status.lastChangeAt),
    last_result: status.lastResult,
    last_reason: status.lastReason,
    problem: status.problem,
    budget: {
      requests: budget.requests,
      per_seconds: budget.perSeconds,
      credential: budget.credential,
      remaining: budget.remaining,
      paused_until: isoTimeOrNull(budget.pausedUntil),
    },
    problems: status.problems.map((one) => ({
      resource: one.resource,
      reason: one.reason,
      failures: one.failures,
      last_success_at: isoTimeOrNull(one.lastSuccessAt),
      next_poll_at: isoTimeOrNull(one.nextPollAt),
    })),
  };
}
