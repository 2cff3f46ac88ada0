/** `POST /v1/events/{id}/cancel`: calls off whatever of an event is not over. */
import { z } from 'zod';
import { DeliveryStateError } from '../../dispatch/delivery-control.ts';
import { isFinal } from '../../domain/delivery-state.ts';
import type { DeliveryView } from '../../storage/journal.ts';
import { idParams } from '../common-schema.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { eventOr404 } from './event-finder.ts';
import { publicEventId } from './event-json.ts';

type Sources = Pick<ApiDependencies, 'journal' | 'deliveries'>;

/** Deliveries cancelled at a time: each waits for the same commit. */
const AT_A_TIME = 64;

const cancelOutput = z
  .object({
    id: z.string(),
    cancelled: z.int().describe('Deliveries that were called off now.'),
    already_over: z.int().describe('Deliveries that had ended before.'),
  })
  .meta({ id: 'CancelledEvent' });

export function registerEventCancel(app: Api, sources: Sources): void {
  app.route({
    method: 'POST',
    url: '/v1/events/:id/cancel',
    config: { access: 'deliveries:write', problems: ['not_found', 'nothing_to_cancel'] },
    schema: {
      operationId: 'cancelEvent',
      summary: 'Call off all deliveries of an event',
      description:
        'Scheduled ones, and whatever else is not over. An attempt under way is still recorded, ' +
        'and the receiver may get it.',
      tags: ['Events'],
      params: idParams('evt_01kgsx2f2g00000000001'),
      response: { 200: cancelOutput },
    },
    handler: async (request) => {
      const tenant = tenantOf(request);
      const event = await eventOr404(sources.journal, tenant, request.params.id);
      const all = await sources.journal.deliveriesOf(tenant, event.sequence);
      const cancelled = await cancelOpen(sources, all);
      if (cancelled === 0) {
        const detail = all.length === 0 ? 'It matched no subscription.' : 'All have ended.';
        throw new Problem('nothing_to_cancel', detail);
      }
      return { id: publicEventId(event), cancelled, already_over: all.length - cancelled };
    },
  });
}

/** @returns how many were called off. */
async function cancelOpen({ deliveries }: Sources, all: readonly DeliveryView[]): Promise<number> {
  const open = all.filter(({ status }) => !isFinal(status));
  let cancelled = 0;
  for (let from = 0; from < open.length; from += AT_A_TIME) {
    const some = open.slice(from, from + AT_A_TIME);
    const results = await Promise.all(
      some.map((delivery) =>
        deliveries.cancel(delivery).then(
          () => true,
          (error: unknown) => {
            // It has ended since it was looked at.
            if (error instanceof DeliveryStateError) return false;
            throw error;
          },
        ),
      ),
    );
    cancelled += results.filter(Boolean).length;
  }
  return cancelled;
}
