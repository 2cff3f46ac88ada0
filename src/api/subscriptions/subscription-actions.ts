/** What can be done to a subscription beside changing its settings: pause, resume, test, health. */
import { z } from 'zod';
import type { LaneStatus } from '../../dispatch/delivery-control.ts';
import { openStatus } from '../../domain/challenge.ts';
import { instantOut, isoTimeOrNull } from '../common-schema.ts';
import type { ApiDependencies, EndpointHealth } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { refuseExpired } from './lifetime.ts';
import { subscriptionJson } from './subscription-json.ts';
import {
  gone,
  refuseLocked,
  subscriptionOr404,
  subscriptionParams,
} from './subscription-routes.ts';
import { subscriptionOutput } from './subscription-schema.ts';
import type { Verification } from './verification.ts';

interface Sources extends Pick<
  ApiDependencies,
  'registry' | 'deliveries' | 'sendTest' | 'health' | 'clock'
> {
  readonly verification: Verification;
}

const BASE = '/v1/webhooks/subscriptions/:id';
const tags = ['Subscriptions'];
const params = subscriptionParams;
const access = 'subscriptions:write';

export function registerSubscriptionActions(app: Api, sources: Sources): void {
  registerPause(app, sources);
  registerResume(app, sources);
  registerTest(app, sources);
  registerHealth(app, sources);
}

function registerPause(app: Api, { registry }: Sources): void {
  app.route({
    method: 'POST',
    url: `${BASE}/pause`,
    config: { access, problems: ['not_found', 'subscription_is_disabled'] },
    schema: {
      operationId: 'pauseSubscription',
      summary: 'Hold the deliveries of a subscription',
      description: 'Events still match it; they are kept until it is resumed.',
      tags,
      params,
      response: { 200: subscriptionOutput },
    },
    handler: async (request) => {
      const { number } = subscriptionOr404(registry, tenantOf(request), request.params.id);
      const changed = await registry.change(number, ({ status }) => {
        if (status !== 'disabled') return { status: 'paused' };
        throw new Problem('subscription_is_disabled', 'Its deliveries are held already.');
      });
      if (changed === undefined) throw gone();
      return subscriptionJson(changed);
    },
  });
}

function registerResume(app: Api, { registry, verification, clock }: Sources): void {
  app.route({
    method: 'POST',
    url: `${BASE}/resume`,
    config: {
      access,
      problems: ['not_found', 'subscription_is_expired', 'secret_unavailable'],
    },
    schema: {
      operationId: 'resumeSubscription',
      summary: 'Make a paused or disabled subscription active again',
      description:
        'What was held goes on its way. A target that has yet to pass its challenge is asked ' +
        'first.',
      tags,
      params,
      response: { 200: subscriptionOutput },
    },
    handler: async (request) => {
      const { number } = subscriptionOr404(registry, tenantOf(request), request.params.id);
      const changed = await registry.change(number, (current) => {
        refuseExpired(current, clock.now());
        refuseLocked(current);
        return { status: openStatus(current), disabledReason: null, failingSince: null };
      });
      if (changed === undefined) throw gone();
      // Also when it was active: an earlier resume may have ended between the two steps.
      if (changed.status === 'active')
        return subscriptionJson(await verification.released(changed));
      const verified = await verification.run(number);
      if (verified === undefined) throw gone();
      return subscriptionJson(verified);
    },
  });
}

function registerTest(app: Api, { registry, sendTest }: Sources): void {
  app.route({
    method: 'POST',
    url: `${BASE}/test`,
    config: { access, problems: ['not_found', 'unavailable'] },
    schema: {
      operationId: 'testSubscription',
      summary: 'Send a test event to this subscription alone',
      description: 'An event of the type `bellwire.test`, whatever its patterns are.',
      tags,
      params,
      response: { 202: z.object({ event_id: z.string(), delivery_id: z.string() }) },
    },
    handler: async (request, reply) => {
      const found = subscriptionOr404(registry, tenantOf(request), request.params.id);
      const { eventId, deliveryId } = await sendTest(found);
      return reply.code(202).send({ event_id: eventId, delivery_id: deliveryId });
    },
  });
}

const laneOutput = z
  .object({
    queued: z.int().describe('Deliveries waiting in memory for room.'),
    in_flight: z.int(),
    window: z.number().describe('Attempts the target may have in flight at present.'),
    breaker: z.enum(['closed', 'open', 'half_open']),
    probe_at: instantOut.nullable(),
  })
  .meta({ id: 'Lane' });

const recentOutput = z
  .object({
    window_seconds: z.number(),
    attempts: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    p50_ms: z.number().nullable(),
    p95_ms: z.number().nullable(),
    last_success_at: instantOut.nullable(),
    last_failure_at: instantOut.nullable(),
    last_failure_reason: z.string().nullable(),
  })
  .meta({ id: 'RecentAttempts' });

const healthOutput = z
  .object({
    status: subscriptionOutput.shape.status,
    disabled_reason: z.string().nullable(),
    failing_since: instantOut.nullable(),
    lane: laneOutput
      .nullable()
      .describe('Of the node that answers. Null when nothing is queued or in flight.'),
    recent: recentOutput
      .nullable()
      .describe('Of the node that answers. Null when nothing was attempted lately.'),
  })
  .meta({ id: 'SubscriptionHealth' });

function registerHealth(app: Api, { registry, deliveries, health }: Sources): void {
  app.route({
    method: 'GET',
    url: `${BASE}/health`,
    config: { access: 'subscriptions:read', problems: ['not_found'] },
    schema: {
      operationId: 'getSubscriptionHealth',
      summary: 'How a subscription is doing',
      tags,
      params,
      response: { 200: healthOutput },
    },
    handler: async (request) => {
      const found = subscriptionOr404(registry, tenantOf(request), request.params.id);
      return {
        status: found.status,
        disabled_reason: found.disabledReason,
        failing_since: isoTimeOrNull(found.failingSince),
        lane: laneJson(deliveries.lane(found.number)),
        recent: recentJson(health(found.number)),
      };
    },
  });
}

function laneJson(lane: LaneStatus | undefined): z.output<typeof laneOutput> | null {
  if (lane === undefined) return null;
  const { queued, inFlight, window, breaker, probeAt } = lane;
  return { queued, in_flight: inFlight, window, breaker, probe_at: isoTimeOrNull(probeAt) };
}

function recentJson(recent: EndpointHealth | undefined): z.output<typeof recentOutput> | null {
  if (recent === undefined) return null;
  return {
    window_seconds: recent.windowSeconds,
    attempts: recent.attempts,
    succeeded: recent.succeeded,
    failed: recent.failed,
    p50_ms: recent.p50Ms,
    p95_ms: recent.p95Ms,
    last_success_at: isoTimeOrNull(recent.lastSuccessAt),
    last_failure_at: isoTimeOrNull(recent.lastFailureAt),
    last_failure_reason: recent.lastFailureReason,
  };
}
