/** `/v1/event-types/settings`: what holds for the event catalogue as a whole. */
import type { Api } from '../route-types.ts';
import { EVENT_TYPE_TAGS, EVENT_TYPES_PATH, type CatalogueSources } from './event-type-routes.ts';
import { catalogueSettings } from './event-type-schema.ts';

const PATH = `${EVENT_TYPES_PATH}/settings`;

export function registerCatalogueSettings(app: Api, { catalogue }: CatalogueSources): void {
  const json = () => ({ unknown_event_types: catalogue.settings.unknownEventTypes });
  app.route({
    method: 'GET',
    url: PATH,
    config: { access: 'event_types:read' },
    schema: {
      operationId: 'getCatalogueSettings',
      summary: 'Get the settings of the event catalogue',
      tags: EVENT_TYPE_TAGS,
      response: { 200: catalogueSettings },
    },
    handler: async () => json(),
  });
  app.route({
    method: 'PATCH',
    url: PATH,
    config: { access: 'event_types:write' },
    schema: {
      operationId: 'changeCatalogueSettings',
      summary: 'Change the settings of the event catalogue',
      tags: EVENT_TYPE_TAGS,
      body: catalogueSettings,
      response: { 200: catalogueSettings },
    },
    handler: async (request) => {
      const { unknown_event_types: unknownEventTypes } = request.body;
      await catalogue.change(() => catalogue.changeSettings({ unknownEventTypes }));
      return json();
    },
  });
}
