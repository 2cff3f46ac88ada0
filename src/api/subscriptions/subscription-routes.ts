/** `/v1/webhooks/subscriptions`: create, read, change, delete. */
import { z } from 'zod';
import { targetOf } from '../../domain/destination.ts';
import { secretsOf } from '../../domain/signing-secrets.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { idParams, listOf, listQuery, pageOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies, ApiLimits } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { checkTransform } from './content-input.ts';
import { fittedToDestination, fittedWish } from './destination-rules.ts';
import { checkLifetime, revival } from './lifetime.ts';
import { patternWarnings } from './pattern-warnings.ts';
import { newGeneration } from './secret-input.ts';
import { changedSettings, newSettings } from './subscription-input.ts';
import { checkSourceId } from './source-input.ts';
import { subscriptionJson } from './subscription-json.ts';
import { subscriptionQuota } from './subscription-quota.ts';
import {
  changeSubscriptionInput,
  createdSubscription,
  createSubscriptionInput,
  subscriptionOutput,
} from './subscription-schema.ts';
import { withTargetAccess } from './target-access.ts';
import { firstChallenge, withChallenge, type Verification } from './verification.ts';

export interface SubscriptionSources extends Pick<
  ApiDependencies,
  | 'registry'
  | 'sources'
  | 'tenants'
  | 'checkTarget'
  | 'checkBroker'
  | 'clock'
  | 'random'
  | 'transformer'
  | 'deliveries'
  | 'catalogue'
> {
  readonly verification: Verification;
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

/**
 * Without its secrets a subscription can be rotated or deleted, and nothing else.
 *
 * @throws Problem `secret_unavailable`
 */
export function refuseLocked({ secrets }: Subscription): void {
  if (secrets.length > 0) return;
  const detail = 'They were sealed with a master key that this server does not have.';
  throw new Problem('secret_unavailable', detail);
}

function registerCreate(app: Api, sources: SubscriptionSources): void {
  const { registry, tenants, transformer, verification, catalogue } = sources;
  const { clock, random } = sources;
  const withinQuota = subscriptionQuota(sources);
  app.route({
    method: 'POST',
    url: BASE,
    config: {
      access: 'subscriptions:write',
      problems: ['target_not_allowed', 'too_many_subscriptions', 'quota_exceeded'],
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
      checkLifetime(request.body, clock.now());
      checkSourceId(sources.sources, tenant, request.body);
      const rules = { checkTarget: sources.checkTarget, now: clock.now() };
      const wanted = newSettings(request.body, sources);
      const { requireChallenge: isRequired } = tenants.settings(tenant);
      const fitted = fittedToDestination(
        withTargetAccess(wanted, request.body, rules),
        request.body,
      );
      const wish = { wanted: request.body.challenge, isRequired };
      const challenge = firstChallenge(fittedWish(fitted.destination, wish));
      const settings = { ...fitted, challenge };
      await checkTransform(transformer, tenant, null, settings);
      const generation = newGeneration(request.body, settings.signing, random);
      const secrets = secretsOf(generation);
      const created = await withinQuota(tenant, () =>
        registry.create({ tenant, settings, secrets }),
      );
      const shown = await verification.after(created);
      const warned = patternWarnings(catalogue, request.body);
      const secret = generation.shared;
      return reply.code(201).send({ ...subscriptionJson(shown), ...warned, secret });
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

function registerChange(app: Api, sources: SubscriptionSources): void {
  const { registry, tenants, verification, transformer, clock } = sources;
  const { deliveries, catalogue } = sources;
  app.route({
    method: 'PATCH',
    url: `${BASE}/:id`,
    config: {
      access: 'subscriptions:write',
      problems: ['not_found', 'secret_unavailable', 'target_not_allowed'],
    },
    schema: {
      operationId: 'changeSubscription',
      summary: 'Change a subscription',
      description:
        'Fields that are left out stay; lists and maps are replaced as a whole. One that has ' +
        'expired lives again with a later `expires_at`, and what it held goes on its way.',
      tags,
      params: subscriptionParams,
      body: changeSubscriptionInput,
      response: { 200: subscriptionOutput },
    },
    handler: async (request) => {
      checkLifetime(request.body, clock.now());
      const tenant = tenantOf(request);
      const former = subscriptionOr404(registry, tenant, request.params.id);
      refuseLocked(former);
      checkSourceId(sources.sources, tenant, request.body);
      const rules = { checkTarget: sources.checkTarget, now: clock.now() };
      const { requireChallenge: isRequired } = tenants.settings(tenant);
      const wish = { wanted: request.body.challenge, isRequired };
      const settingsOf = (current: Subscription) =>
        fittedToDestination(
          withTargetAccess(changedSettings(current, request.body, sources), request.body, rules),
          request.body,
        );
      await checkTransform(transformer, tenant, former, settingsOf(former));
      let isRevived = false;
      // It may have changed while the transform was being tried.
      const changed = await registry.change(former.number, (current) => {
        const settings = settingsOf(current);
        const revived = revival(current, settings, clock.now());
        isRevived = revived.status === 'active';
        // What the target before has done says nothing about this one.
        const isMoved = targetOf(settings.destination) !== targetOf(current.destination);
        const challenged = withChallenge(
          { ...current, status: revived.status ?? current.status },
          settings,
          fittedWish(settings.destination, wish),
        );
        return { ...(isMoved && { failingSince: null }), ...revived, ...challenged };
      });
      if (changed === undefined) throw gone();
      if (isRevived) await deliveries.release(changed.number);
      const shown = subscriptionJson(await verification.after(changed, former));
      return { ...shown, ...patternWarnings(catalogue, request.body) };
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
