/** What the links of thin payloads lead to: the whole event, for whoever holds the link. */
import { z } from 'zod';
import { parseEventId } from '../../domain/ids.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../route-types.ts';
import { strict } from '../validation.ts';

type Sources = Pick<ApiDependencies, 'journal' | 'links' | 'clock'>;

/** As `thin-link.ts` writes them; other spellings of a number were not signed. */
const UNIX_SECONDS = /^\d{1,12}$/;

export function registerThinFetch(app: Api, { journal, links, clock }: Sources): void {
  app.route({
    method: 'GET',
    url: '/v1/thin/:id',
    config: { access: 'public', problems: ['link_not_valid', 'link_expired', 'not_found'] },
    schema: {
      operationId: 'fetchThinEvent',
      summary: 'Fetch the event that a thin payload is about',
      description: 'Follow `fetch_url` of the payload; it needs no API key and ends by itself.',
      tags: ['Events'],
      params: strict({ id: z.string().meta({ examples: ['evt_01kgsx2f2g00000000001'] }) }),
      querystring: strict({
        expires: z.string().describe('Unix seconds.'),
        signature: z.string(),
      }),
      response: { 200: z.unknown().describe('The envelope, byte for byte as it is stored.') },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const { expires, signature } = request.query;
      if (!UNIX_SECONDS.test(expires) || !links.isAuthentic(id, expires, signature)) {
        throw new Problem(
          'link_not_valid',
          'The signature does not belong to this event and time.',
        );
      }
      if (Number(expires) * 1000 <= clock.now()) {
        throw new Problem('link_expired', 'The time that the link was made for is over.');
      }
      const place = parseEventId(id);
      const [event] = place === undefined ? [] : await journal.contents([place.sequence]);
      if (event === undefined || event.createdAt !== place?.createdAt) {
        throw new Problem('not_found', 'The event is not stored any more.');
      }
      return reply.header('content-type', 'application/json').send(Buffer.from(event.body));
    },
  });
}
