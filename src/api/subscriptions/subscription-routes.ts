/** `/v1/webhooks/subscriptions`: create, read, change, delete. */
import { z } from 'zod';
import type { Subscription } from '../../domain/subscription.ts';
import { idParams, listOf, listQuery, pageOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies, ApiLimits } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { changedSettings, newSecrets, newSettings } from './subscription-input.ts';
import { subscriptionJson } from './subscription-json.ts';
import {
  changeSubscriptionInput,
  createdSubscription,
  createSubscriptionInput,
  subscriptionOutput,
} from './subscription-schema.ts';

export interface SubscriptionSources extends Pick<
  ApiDependencies,
  'registry' | 'checkTarget' | 'random'
> {
  readonly limits: ApiLimits;
}

const BASE = '/v1/webhooks/subscriptions';
const tags = ['Subscriptions'];
export const subscriptionParams = idParams('sub_01kgsx2f2g00000000001');
const POSITION = z.strictObject({ number: z.int() });

export function registerSubscriptionRoutes(app: Api, sources: SubscriptionSources): void {
  registerCreate(app, sources);
  registerReads(app, sources);
  registerChange(app, sources);
  registerDelete(app, sources);
}

/** @throws Problem `not_found` */
export function subscriptionOr404(
  registry: ApiDependencies['registry'],
  tenant: number,
  id: string,
): Subscription {
  const found = registry.find(tenant, id);
  if (found === undefined) throw gone();
  return found;
}

/** Also for one that was deleted while it was being changed. */
export function gone(): Problem {
  return new Problem('not_found', 'There is no subscription with this id.');
}

function registerCreate(app: Api, sources: SubscriptionSources): void {
  const { registry, checkTarget, random, limits } = sources;
  app.route({
    method: 'POST',
    url: BASE,
    config: {
      access: 'subscriptions:write',
      problems: ['target_not_allowed', 'too_many_subscriptions'],
    },
    schema: {
      operationId: 'createSubscription',
      summary: 'Subscribe to events',
      description: 'An event type and a target are enough. The reply shows the secret once.',
      tags,
      body: createSubscriptionInput,
      response: { 201: createdSubscription },
    },
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      const settings = newSettings(request.body, checkTarget);
      if (registry.count(tenant) >= limits.maxSubscriptionsPerTenant) {
        const detail = `The limit is ${limits.maxSubscriptionsPerTenant}.`;
        throw new Problem('too_many_subscriptions', detail);
      }
      const { secrets, shown } = newSecrets(request.body, random);
      const created = await registry.create({ tenant, settings, secrets });
      return reply.code(201).send({ ...subscriptionJson(created), secret: shown });
    },
  });
}

function registerReads(app: Api, { registry }: SubscriptionSources): void {
  app.route({
    method: 'GET',
    url: BASE,
    config: { access: 'subscriptions:read' },
    schema: {
      operationId: 'listSubscriptions',
      summary: 'List subscriptions, oldest first',
      tags,
      querystring: listQuery,
      response: { 200: listOf(subscriptionOutput) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? 0 : decodeCursor(cursor, POSITION).number;
      const all = registry.list(tenantOf(request)).filter(({ number }) => number > after);
      const { page, nextCursor } = pageOf(all, limit, ({ number }) => encodeCursor({ number }));
      return { data: page.map(subscriptionJson), next_cursor: nextCursor };
    },
  });
  app.route({
    method: 'GET',
    url: `${BASE}/:id`,
    config: { access: 'subscriptions:read', problems: ['not_found'] },
    schema: {
      operationId: 'getSubscription',
      summary: 'Get a subscription',
      tags,
      params: subscriptionParams,
      response: { 200: subscriptionOutput },
    },
    handler: async (request) =>
      subscriptionJson(subscriptionOr404(registry, tenantOf(request), request.params.id)),
  });
}

function registerChange(app: Api, { registry, checkTarget }: SubscriptionSources): void {
  app.route({
    method: 'PATCH',
    url: `${BASE}/:id`,
    config: { access: 'subscriptions:write', problems: ['not_found', 'target_not_allowed'] },
    schema: {
      operationId: 'changeSubscription',
      summary: 'Change a subscription',
      description: 'Fields that are left out stay; lists and maps are replaced as a whole.',
      tags,
      params: subscriptionParams,
      body: changeSubscriptionInput,
      response: { 200: subscriptionOutput },
    },
    handler: async (request) => {
      const current = subscriptionOr404(registry, tenantOf(request), request.params.id);
      const settings = changedSettings(current, request.body, checkTarget);
      const changed = await registry.change(current.number, { settings });
      if (changed === undefined) throw gone();
      return subscriptionJson(changed);
    },
  });
}

function registerDelete(app: Api, { registry }: SubscriptionSources): void {
  app.route({
    method: 'DELETE',
    url: `${BASE}/:id`,
    config: { access: 'subscriptions:write', problems: ['not_found'] },
    schema: {
      operationId: 'deleteSubscription',
      summary: 'Delete a subscription',
      description: 'What is still to be delivered to it is cancelled. It can not be undone.',
      tags,
      params: subscriptionParams,
      response: { 204: z.undefined().describe('Deleted.') },
    },
    handler: async (request, reply) => {
      const { number } = subscriptionOr404(registry, tenantOf(request), request.params.id);
      await registry.delete(number);
      return reply.code(204).send(undefined);
    },
  });
}
