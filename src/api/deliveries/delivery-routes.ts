/** `/v1/deliveries`: what became of each event at each subscription, and resend and cancel. */
import { DeliveryStateError } from '../../dispatch/delivery-control.ts';
import { isFinal } from '../../domain/delivery-state.ts';
import { parseDeliveryId } from '../../domain/ids.ts';
import type { DeliveryView } from '../../storage/journal.ts';
import { idParams, listOf } from '../common-schema.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { refuseExpired } from '../subscriptions/lifetime.ts';
import {
  attemptJson,
  attemptOutput,
  deliveriesJson,
  deliveryJson,
  deliveryOutput,
} from './delivery-json.ts';
import { deliveryListQuery, deliveryPage } from './delivery-list.ts';

type Sources = Pick<ApiDependencies, 'journal' | 'registry' | 'deliveries' | 'clock'>;

const params = idParams('dlv_01kgsx2f2g000000000010000001');
const tags = ['Deliveries'];

export function registerDeliveryRoutes(app: Api, sources: Sources): void {
  registerList(app, sources);
  registerReads(app, sources);
  registerActions(app, sources);
}

function registerList(app: Api, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/v1/deliveries',
    config: { access: 'deliveries:read' },
    schema: {
      operationId: 'listDeliveries',
      summary: 'List deliveries, newest first',
      tags,
      querystring: deliveryListQuery,
      response: { 200: listOf(deliveryOutput) },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const page = await deliveryPage(sources, tenant, request.query);
      const data = await deliveriesJson(tenant, page.items, sources);
      return { data, next_cursor: page.nextCursor };
    },
  });
}

function registerReads(app: Api, sources: Sources): void {
  const access = 'deliveries:read';
  app.route({
    method: 'GET',
    url: '/v1/deliveries/:id',
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'getDelivery',
      summary: 'Get a delivery',
      tags,
      params,
      response: { 200: deliveryOutput },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const delivery = await deliveryOr404(sources, tenant, request.params.id);
      const [json = deliveryJson(delivery, sources)] = await deliveriesJson(
        tenant,
        [delivery],
        sources,
      );
      return json;
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/deliveries/:id/attempts',
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'listAttempts',
      summary: 'List the attempts of a delivery, oldest first',
      tags,
      params,
      response: { 200: listOf(attemptOutput) },
    },
    handler: async (request) => {
      const delivery = await deliveryOr404(sources, tenantOf(request), request.params.id);
      const { sequence, subscription } = delivery;
      const attempts = await sources.journal.attempts(sequence, subscription);
      return { data: attempts.map((item) => attemptJson(item, delivery)), next_cursor: null };
    },
  });
}

function registerActions(app: Api, sources: Sources): void {
  const access = 'deliveries:write';
  app.route({
    method: 'POST',
    url: '/v1/deliveries/:id/resend',
    config: {
      access,
      problems: [
        'not_found',
        'delivery_is_sending',
        'subscription_is_deleted',
        'subscription_is_disabled',
        'subscription_is_paused',
        'subscription_is_pending_challenge',
        'subscription_is_expired',
        'owner_unreachable',
      ],
    },
    schema: {
      operationId: 'resendDelivery',
      summary: 'Try a delivery once more, at once',
      description:
        'The same bytes and the same `webhook-id`, signed anew. Of several wishes each gets its ' +
        'attempt, one after the other; one that waits longer than 10 seconds is refused.',
      tags,
      params,
      response: { 202: deliveryOutput },
    },
    handler: async (request, reply) => {
      const delivery = await deliveryOr404(sources, tenantOf(request), request.params.id);
      const resent = await settled(() => sources.deliveries.resend(resendable(delivery, sources)));
      return reply.code(202).send(deliveryJson(resent, sources));
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/deliveries/:id/cancel',
    config: { access, problems: ['not_found', 'delivery_is_final', 'owner_unreachable'] },
    schema: {
      operationId: 'cancelDelivery',
      summary: 'Call a delivery off',
      description: 'An attempt under way is still recorded, and the receiver may get it.',
      tags,
      params,
      response: { 200: deliveryOutput },
    },
    handler: async (request) => {
      const delivery = await deliveryOr404(sources, tenantOf(request), request.params.id);
      const cancelled = await settled(() => sources.deliveries.cancel(cancellable(delivery)));
      return { ...deliveryJson(cancelled, sources), status: cancelled.status };
    },
  });
}

async function deliveryOr404(
  { journal }: Sources,
  tenant: number,
  id: string,
): Promise<DeliveryView> {
  const parsed = parseDeliveryId(id);
  const delivery =
    parsed && (await journal.delivery(tenant, parsed.sequence, parsed.subscriptionNumber));
  if (delivery === undefined || delivery.createdAt !== parsed?.createdAt) {
    throw new Problem('not_found', 'There is no delivery with this id.');
  }
  return delivery;
}

function resendable(delivery: DeliveryView, { registry, clock }: Sources): DeliveryView {
  const subscription = registry.byNumber(delivery.subscription);
  if (subscription === undefined) {
    throw new Problem('subscription_is_deleted', 'There is no target left to send it to.');
  }
  const { status, disabledReason } = subscription;
  refuseExpired(subscription, clock.now());
  if (status !== 'active') {
    const why = disabledReason === null ? '' : `, because ${disabledReason}`;
    throw new Problem(`subscription_is_${status}`, `Its subscription is ${status}${why}.`);
  }
  return delivery;
}

function cancellable(delivery: DeliveryView): DeliveryView {
  if (!isFinal(delivery.status)) return delivery;
  throw new Problem('delivery_is_final', `The delivery is ${delivery.status}.`);
}

/** It may have moved on since it was looked at. */
async function settled(change: () => Promise<DeliveryView>): Promise<DeliveryView> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof DeliveryStateError)) throw error;
    const code = isFinal(error.status) ? 'delivery_is_final' : 'delivery_is_sending';
    throw new Problem(code, `The delivery is ${error.status} by now.`);
  }
}
