/** `POST …/{id}/rotate-secret`: new secrets beside the former ones, until these end. */
import type { ApiDependencies } from '../deps.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { rotatedSecrets } from './secret-input.ts';
import { rotateSecretInput } from './signing-schema.ts';
import { subscriptionJson } from './subscription-json.ts';
import { gone, subscriptionOr404, subscriptionParams } from './subscription-routes.ts';
import { createdSubscription } from './subscription-schema.ts';

type Sources = Pick<ApiDependencies, 'registry' | 'clock' | 'random'>;

const REPLACED =
  'secret_unavailable: its secrets were lost and have been replaced; set its credentials anew ' +
  'where it had some, and resume it';

export function registerSecretRoutes(app: Api, { registry, clock, random }: Sources): void {
  app.route({
    method: 'POST',
    url: '/v1/webhooks/subscriptions/:id/rotate-secret',
    config: { access: 'subscriptions:write', problems: ['not_found', 'too_many_secrets'] },
    schema: {
      operationId: 'rotateSubscriptionSecret',
      summary: 'Give a subscription a new secret',
      description:
        'The reply shows it once. During the overlap `webhook-signature` carries a signature for ' +
        'each live secret, newest first; `x-agent-signature-2` is by the one before the newest. ' +
        'With ed25519 the key pair is new, too.',
      tags: ['Subscriptions'],
      params: subscriptionParams,
      body: rotateSecretInput.nullish(),
      response: { 200: createdSubscription },
    },
    handler: async (request) => {
      const { number } = subscriptionOr404(registry, tenantOf(request), request.params.id);
      const wish = request.body ?? rotateSecretInput.parse({});
      let shown = '';
      const changed = await registry.change(number, (current) => {
        const next = rotatedSecrets(current, wish, clock.now(), random);
        ({ shown } = next);
        return {
          settings: { ...current, signing: next.signing },
          secrets: next.secrets,
          // Its credentials are gone with the secrets, so it must not start by itself.
          ...(current.secrets.length === 0 && { disabledReason: REPLACED }),
        };
      });
      if (changed === undefined) throw gone();
      return { ...subscriptionJson(changed), secret: shown };
    },
  });
}
