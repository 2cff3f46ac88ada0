import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import { assertGenerated } from '../testing/generated-file.ts';
import type { OpenApiDocument, Operation } from './document.ts';

let world: ApiWorld;
let document: OpenApiDocument;
let text: string;

before(async () => {
  const manifest = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  world = await openApiWorld({ version });
  const reply = await world.anonymous('GET /openapi.json');
  text = `${JSON.stringify(JSON.parse(reply.text), null, 2)}\n`;
  document = JSON.parse(text) as OpenApiDocument;
});
after(() => world.close());

const operationsOf = (): [string, Operation][] =>
  Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

test('openapi/bellwire.json is the document that the server gives', () =>
  assertGenerated('openapi/bellwire.json', text));

test('the document is OpenAPI 3.1, and every reference in it leads somewhere', () => {
  assert.match(document.openapi ?? '', /^3\.1\./);
  const references = [...text.matchAll(/"\$ref": "#\/components\/(\w+)\/(\w+)"/g)];
  assert.ok(references.length > 50);
  for (const [, kind = '', name = ''] of references) {
    assert.ok(document.components?.[kind]?.[name] !== undefined, `${kind}/${name}`);
  }
});

const SUB = '/v1/webhooks/subscriptions';

const OPERATIONS = [
  'broadcastEvent = POST /v1/events/broadcast',
  'cancelDelivery = POST /v1/deliveries/{id}/cancel',
  'cancelEvent = POST /v1/events/{id}/cancel',
  'cancelReplay = POST /v1/replays/{id}/cancel',
  'changeCatalogueSettings = PATCH /v1/event-types/settings',
  'changeEventType = PATCH /v1/event-types/{name}',
  'changeSource = PATCH /v1/sources/{id}',
  `changeSubscription = PATCH ${SUB}/{id}`,
  'changeTenant = PATCH /v1/tenants/{name}',
  'createApiKey = POST /v1/api-keys',
  'createEventType = POST /v1/event-types',
  'createReplay = POST /v1/replays',
  'createSource = POST /v1/sources',
  `createSubscription = POST ${SUB}`,
  'createTenant = POST /v1/tenants',
  'deleteEventType = DELETE /v1/event-types/{name}',
  'deleteSource = DELETE /v1/sources/{id}',
  `deleteSubscription = DELETE ${SUB}/{id}`,
  'deleteTenant = DELETE /v1/tenants/{name}',
  'exportEventTypes = GET /v1/event-types/export',
  'exportTenant = GET /v1/tenants/{name}/export',
  'fetchThinEvent = GET /v1/thin/{id}',
  'getApiKey = GET /v1/api-keys/{id}',
  'getCatalogueSettings = GET /v1/event-types/settings',
  'getDelivery = GET /v1/deliveries/{id}',
  'getEvent = GET /v1/events/{id}',
  'getEventType = GET /v1/event-types/{name}',
  'getInboundRequest = GET /v1/inbound-requests/{id}',
  'getLiveness = GET /healthz',
  'getProvider = GET /v1/providers/{id}',
  'getReadiness = GET /readyz',
  'getReplay = GET /v1/replays/{id}',
  'getSource = GET /v1/sources/{id}',
  `getSubscription = GET ${SUB}/{id}`,
  `getSubscriptionHealth = GET ${SUB}/{id}/health`,
  'getTenant = GET /v1/tenants/{name}',
  'importEventTypes = POST /v1/event-types/import',
  'listApiKeys = GET /v1/api-keys',
  'listAttempts = GET /v1/deliveries/{id}/attempts',
  'listDeliveries = GET /v1/deliveries',
  'listEgressIps = GET /v1/egress-ips',
  'listEventDeliveries = GET /v1/events/{id}/deliveries',
  'listEventTypes = GET /v1/event-types',
  'listEvents = GET /v1/events',
  'listInboundRequests = GET /v1/inbound-requests',
  'listProviders = GET /v1/providers',
  'listReplays = GET /v1/replays',
  'listSources = GET /v1/sources',
  `listSubscriptions = GET ${SUB}`,
  'listTenants = GET /v1/tenants',
  'pauseSource = POST /v1/sources/{id}/pause',
  `pauseSubscription = POST ${SUB}/{id}/pause`,
  'publishEvent = POST /v1/events',
  'publishEvents = POST /v1/events/batch',
  'receiveFromProvider = POST /in/{token}',
  `recoverSubscription = POST ${SUB}/{id}/recover`,
  'renewSourceUrl = POST /v1/sources/{id}/renew-url',
  'resendDelivery = POST /v1/deliveries/{id}/resend',
  'resumeSource = POST /v1/sources/{id}/resume',
  `resumeSubscription = POST ${SUB}/{id}/resume`,
  'revokeApiKey = DELETE /v1/api-keys/{id}',
  'rotateSourceSecret = POST /v1/sources/{id}/rotate-secret',
  `rotateSubscriptionSecret = POST ${SUB}/{id}/rotate-secret`,
  'testFilter = POST /v1/filters/test',
  `testSubscription = POST ${SUB}/{id}/test`,
  'testTransform = POST /v1/transforms/test',
  `verifySubscription = POST ${SUB}/{id}/verify`,
];

test('the names of operations are fixed', () => {
  const names = operationsOf().map(([route, { operationId }]) => `${operationId ?? ''} = ${route}`);
  assert.deepEqual(names.toSorted(), OPERATIONS);
});

test('every operation is summed up, filed, and tells its problems', () => {
  for (const [route, operation] of operationsOf()) {
    const { summary, tags, responses = {}, requestBody, security } = operation;
    assert.equal(typeof summary, 'string', route);
    assert.equal(tags?.length, 1, route);
    const wanted = ['500'];
    if (security?.length !== 0) wanted.push('401', '403', '503');
    if (route.includes('{')) wanted.push('404');
    if (requestBody !== undefined) wanted.push('400', '413', '415', '422');
    for (const status of wanted) assert.ok(responses[status] !== undefined, `${route} ${status}`);
  }
});
