/** `POST /in/{token}` for the OpenAPI document; see `entrance.ts` for what really happens. */
import { z } from 'zod';
import type { Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import { INBOUND_PREFIX, type InboundEntrance } from './entrance.ts';

export function registerInboundDocument(app: Api, entrance: InboundEntrance): void {
  app.register(async (scope: Api) => {
    scope.removeAllContentTypeParsers();
    // The entrance reads the body itself.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({
      method: 'POST',
      url: `${INBOUND_PREFIX}:token`,
      config: {
        access: 'public',
        problems: ['not_found', 'payload_too_large', 'unsupported_media_type', 'unavailable'],
      },
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        operationId: 'receiveFromProvider',
        summary: 'Where a provider sends to',
        description:
          'The URL of a source. What comes here is verified in the way of the source’s provider, ' +
          'and answered once it is stored: with 200, or as the source’s `reply` says. Whatever ' +
          'proves itself wrongly gets one answer. Other methods are the provider’s handshakes.',
        tags: ['Sources'],
        params: strict({ token: z.string() }),
        response: { 200: z.undefined().describe('Stored, now or before.') },
      },
      handler: (request, reply) => {
        reply.hijack();
        entrance(request.raw, reply.raw);
      },
    });
  });
}
