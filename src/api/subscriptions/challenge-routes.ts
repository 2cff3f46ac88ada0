/** `POST …/{id}/verify`: asks the target once more whether it wants the events. */
import type { ApiDependencies } from '../deps.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { subscriptionJson } from './subscription-json.ts';
import {
  gone,
  refuseLocked,
  subscriptionOr404,
  subscriptionParams,
} from './subscription-routes.ts';
import { subscriptionOutput } from './subscription-schema.ts';
import type { Verification } from './verification.ts';

interface Sources extends Pick<ApiDependencies, 'registry'> {
  readonly verification: Verification;
}

export function registerChallengeRoutes(app: Api, { registry, verification }: Sources): void {
  app.route({
    method: 'POST',
    url: '/v1/webhooks/subscriptions/:id/verify',
    config: { access: 'subscriptions:write', problems: ['not_found', 'secret_unavailable'] },
    schema: {
      operationId: 'verifySubscription',
      summary: 'Ask the target again whether it wants the events',
      description:
        'The reply shows in `status` and `challenge` what came of it. A target that has passed ' +
        'already, or need not, is not asked.',
      tags: ['Subscriptions'],
      params: subscriptionParams,
      response: { 200: subscriptionOutput },
    },
    handler: async (request) => {
      const found = subscriptionOr404(registry, tenantOf(request), request.params.id);
      refuseLocked(found);
      const verified = await verification.run(found.number);
      if (verified === undefined) throw gone();
      return subscriptionJson(verified);
    },
  });
}
