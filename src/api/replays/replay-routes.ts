/** `/v1/replays`: stored events once more, in bulk; and the short way to recover failures. */
import { z } from 'zod';
import {
  ReplayOverError,
  TooManyReplaysError,
  type ReplayRequest,
  type ReplayView,
} from '../../dispatch/replay-control.ts';
import { parseRecordId } from '../../domain/ids.ts';
import type { FilterDocument, Subscription } from '../../domain/subscription.ts';
import { idParams, listOf, listQuery } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { invalid, Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { subscriptionOr404, subscriptionParams } from '../subscriptions/subscription-routes.ts';
import { recoverInput, replayInput, replayJson, replayOutput, spanOf } from './replay-schema.ts';

type Sources = Pick<ApiDependencies, 'replays' | 'registry' | 'clock'>;

const PATH = '/v1/replays';
const tags = ['Replays'];
const params = idParams('rpl_01kgsx2f2g00000000001');
const POSITION = z.strictObject({ before: z.int() });

export function registerReplayRoutes(app: Api, sources: Sources): void {
  registerCreate(app, sources);
  registerRecover(app, sources);
  registerReads(app, sources);
  registerCancel(app, sources);
}

function registerCreate(app: Api, sources: Sources): void {
  app.route({
    method: 'POST',
    url: PATH,
    config: {
      access: 'deliveries:write',
      problems: ['subscription_is_disabled', 'too_many_replays'],
    },
    schema: {
      operationId: 'createReplay',
      summary: 'Send stored events once more',
      description:
        'The same bytes and `webhook-id`, with a retry schedule of their own, behind live ' +
        'events. A dry run is answered with 200 once it has counted.',
      tags,
      body: replayInput,
      response: { 200: replayOutput, 202: replayOutput },
    },
    handler: async (request, reply) => {
      const { body } = request;
      const tenant = tenantOf(request);
      const wanted = toRequest(sources, tenant, body);
      const view = await refusing(() =>
        body.dry_run === true
          ? sources.replays.dryRun(tenant, wanted)
          : sources.replays.create(tenant, wanted),
      );
      return reply.code(view.dryRun ? 200 : 202).send(replayJson(view, sources.registry));
    },
  });
}

function registerRecover(app: Api, sources: Sources): void {
  app.route({
    method: 'POST',
    url: '/v1/webhooks/subscriptions/:id/recover',
    config: {
      access: 'deliveries:write',
      problems: ['not_found', 'subscription_is_disabled', 'too_many_replays'],
    },
    schema: {
      operationId: 'recoverSubscription',
      summary: 'Try again what a subscription has failed to take',
      description: 'A replay of its exhausted deliveries of that time.',
      tags,
      params: subscriptionParams,
      body: recoverInput,
      response: { 202: replayOutput },
    },
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      const subscription = subscriptionOr404(sources.registry, tenant, request.params.id);
      const wanted: ReplayRequest = {
        ...spanOf(request.body, sources.clock.now()),
        ...EVERYTHING,
        subscription: undisabled(subscription).number,
        statuses: ['exhausted'],
      };
      const view = await refusing(() => sources.replays.create(tenant, wanted));
      return reply.code(202).send(replayJson(view, sources.registry));
    },
  });
}

function registerReads(app: Api, { replays, registry }: Sources): void {
  const access = 'deliveries:read';
  app.route({
    method: 'GET',
    url: PATH,
    config: { access },
    schema: {
      operationId: 'listReplays',
      summary: 'List replays, newest first',
      tags,
      querystring: listQuery,
      response: { 200: listOf(replayOutput) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const before = cursor === undefined ? undefined : decodeCursor(cursor, POSITION).before;
      const { items, next } = await replays.list(tenantOf(request), { before, limit });
      const data = items.map((view) => replayJson(view, registry));
      return { data, next_cursor: next === undefined ? null : encodeCursor({ before: next }) };
    },
  });
  app.route({
    method: 'GET',
    url: `${PATH}/:id`,
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'getReplay',
      summary: 'Get a replay, and how far it is',
      tags,
      params,
      response: { 200: replayOutput },
    },
    handler: async (request) => {
      const { id } = request.params;
      const view = await replays.find(tenantOf(request), numberOf(id));
      return replayJson(existing(view, id), registry);
    },
  });
}

function registerCancel(app: Api, { replays, registry }: Sources): void {
  app.route({
    method: 'POST',
    url: `${PATH}/:id/cancel`,
    config: { access: 'deliveries:write', problems: ['not_found', 'replay_is_over'] },
    schema: {
      operationId: 'cancelReplay',
      summary: 'Call a replay off',
      description:
        'Its deliveries that have not been attempted since are cancelled; attempts under way end ' +
        'as they end.',
      tags,
      params,
      response: { 200: replayOutput },
    },
    handler: async (request) => {
      const { id } = request.params;
      const tenant = tenantOf(request);
      const view = existing(await replays.find(tenant, numberOf(id)), id);
      const cancelled = await refusing(() => replays.cancel(tenant, view.number));
      return replayJson(existing(cancelled, id), registry);
    },
  });
}

const EVERYTHING = { eventTypes: null, taskId: null, filter: null } as const;

function toRequest(
  { registry, clock }: Sources,
  tenant: number,
  wanted: z.output<typeof replayInput>,
): ReplayRequest {
  const id = wanted.subscription_id;
  const subscription = id === undefined ? null : registry.find(tenant, id);
  if (subscription === undefined) {
    const detail = 'there is no subscription with this id';
    throw invalid({ pointer: '/subscription_id', detail, code: 'unknown_subscription' });
  }
  return {
    ...spanOf(wanted, clock.now()),
    filter: (wanted.filter ?? null) as FilterDocument | null,
    eventTypes: wanted.event_types ?? null,
    taskId: wanted.task_id ?? null,
    subscription: subscription === null ? null : undisabled(subscription).number,
    statuses: wanted.status ?? null,
  };
}

/** A paused one holds what is replayed to it; a disabled one would do so for ever. */
function undisabled(subscription: Subscription): Subscription {
  if (subscription.status !== 'disabled') return subscription;
  throw new Problem('subscription_is_disabled', 'What is replayed to it could not be delivered.');
}

async function refusing<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof TooManyReplaysError) throw new Problem('too_many_replays', error.message);
    if (error instanceof ReplayOverError) throw new Problem('replay_is_over', error.message);
    throw error;
  }
}

function numberOf(id: string): number {
  return parseRecordId('rpl', id)?.number ?? 0;
}

/** An id spells a time, too: one thing, one name. */
function existing(view: ReplayView | undefined, id: string): ReplayView {
  if (view === undefined || parseRecordId('rpl', id)?.createdAt !== view.createdAt) {
    throw new Problem('not_found', 'There is no replay with this id.');
  }
  return view;
}
