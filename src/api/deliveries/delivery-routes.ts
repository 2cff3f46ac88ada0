/** `/v1/deliveries`: what became of each event at each subscription, and resend and cancel. */
import { isFinal } from '../../domain/delivery-state.ts';
import { parseDeliveryId } from '../../domain/ids.ts';
import type { DeliveryView } from '../../storage/journal.ts';
import { idParams, listOf } from '../common-schema.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { attemptJson, attemptOutput, deliveryJson, deliveryOutput } from './delivery-json.ts';
import { deliveryListQuery, deliveryPage } from './delivery-list.ts';

type Sources = Pick<ApiDependencies, 'journal' | 'registry' | 'deliveries' | 'clock'>;

const params = idParams('dlv_01kgsx2f2g000000000010000001');
const tags = ['Deliveries'];

export function registerDeliveryRoutes(app: Api, sources: Sources): void {
  registerReads(app, sources);
  registerActions(app, sources);
}

function registerReads(app: Api, sources: Sources): void {
  const access = 'deliveries:read';
  app.route({
    method: 'GET',
    url: '/v1/deliveries',
    config: { access },
    schema: {
      operationId: 'listDeliveries',
      summary: 'List deliveries, newest first',
      tags,
      querystring: deliveryListQuery,
      response: { 200: listOf(deliveryOutput) },
    },
    handler: async (request) => {
      const page = await deliveryPage(sources, tenantOf(request), request.query);
      const data = page.items.map((item) => deliveryJson(item, sources));
      return { data, next_cursor: page.nextCursor };
    },
  });
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
    handler: async (request) =>
      deliveryJson(await deliveryOr404(sources, tenantOf(request), request.params.id), sources),
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
      problems: ['not_found', 'delivery_is_sending', 'subscription_is_deleted'],
    },
    schema: {
      operationId: 'resendDelivery',
      summary: 'Try a delivery once more, at once',
      description: 'The same bytes and the same `webhook-id`, signed anew.',
      tags,
      params,
      response: { 202: deliveryOutput },
    },
    handler: async (request, reply) => {
      const delivery = await deliveryOr404(sources, tenantOf(request), request.params.id);
      const resent = await sources.deliveries.resend(resendable(delivery, sources));
      return reply.code(202).send(deliveryJson(resent, sources));
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/deliveries/:id/cancel',
    config: { access, problems: ['not_found', 'delivery_is_final'] },
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
      const cancelled = await sources.deliveries.cancel(cancellable(delivery));
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

function resendable(delivery: DeliveryView, { deliveries, registry }: Sources): DeliveryView {
  const { sequence, subscription } = delivery;
  if (registry.byNumber(subscription) === undefined) {
    throw new Problem('subscription_is_deleted', 'There is no target left to send it to.');
  }
  // Pending ones are as good as on their way: a second wish would only make a second attempt.
  if (delivery.status === 'pending' || deliveries.isSending(sequence, subscription)) {
    throw new Problem('delivery_is_sending', 'It is being sent, or will be at once.');
  }
  return delivery;
}

function cancellable(delivery: DeliveryView): DeliveryView {
  if (!isFinal(delivery.status)) return delivery;
  throw new Problem('delivery_is_final', `The delivery is ${delivery.status}.`);
}
