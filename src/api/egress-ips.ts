/** `GET /v1/egress-ips`: the addresses that attempts come from, for the allowlists of receivers. */
import { z } from 'zod';
import type { Api } from './route-types.ts';

/** Receivers may ask this often; the addresses change with the operator's network. */
const CACHE_SECONDS = 300;

export function registerEgressIps(app: Api, egressIps: readonly string[]): void {
  app.route({
    method: 'GET',
    url: '/v1/egress-ips',
    // Whoever receives webhooks has no key. Others publish theirs, too.
    config: { access: 'public' },
    schema: {
      operationId: 'listEgressIps',
      summary: 'Where attempts come from',
      description:
        'Addresses and networks (CIDR) for the allowlists of receivers, as the operator set them ' +
        'with `BELLWIRE_EGRESS_IPS`. None when they are not fixed. Needs no key.',
      tags: ['Server'],
      response: {
        200: z
          .object({
            data: z.array(z.string().meta({ examples: ['203.0.113.7', '2001:db8::/48'] })),
          })
          .meta({ id: 'EgressIps' }),
      },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${CACHE_SECONDS}`);
      return { data: [...egressIps] };
    },
  });
}
