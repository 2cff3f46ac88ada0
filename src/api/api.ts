/** Puts the HTTP surface together. Routes live with their resources. */
import fastify, { type FastifyRequest } from 'fastify';
import { registerApiKeyRoutes } from './auth/api-key-routes.ts';
import { Authenticator } from './auth/authenticator.ts';
import { KeyDirectory } from './auth/key-directory.ts';
import { demand } from './auth/principal.ts';
import { registerDeliveryRoutes } from './deliveries/delivery-routes.ts';
import { registerContentTests } from './content/test-routes.ts';
import { registerThinFetch } from './content/thin-routes.ts';
import { DEFAULT_API_LIMITS, type ApiDependencies, type ApiLimits } from './deps.ts';
import { registerEventTypeDocuments } from './event-types/document-routes.ts';
import { registerEventTypeRoutes } from './event-types/event-type-routes.ts';
import { registerCatalogueSettings } from './event-types/settings-routes.ts';
import { registerEgressIps } from './egress-ips.ts';
import { registerBroadcast } from './events/broadcast-route.ts';
import { registerEventReads } from './events/event-routes.ts';
import { createPublishEntrance } from './events/publish-entrance.ts';
import { registerBatch, registerPublish } from './events/publish-routes.ts';
import { registerEventCancel } from './events/cancel-route.ts';
import { createHttpServer, refuseClient, withShortcuts, type Shortcuts } from './http-server.ts';
import { createInboundEntrance } from './inbound/entrance.ts';
import { registerInboundRequests } from './inbound/inbound-routes.ts';
import { registerInboundDocument } from './inbound/inbound-document.ts';
import { registerInboxRoutes } from './inboxes/inbox-routes.ts';
import { bodyText, parseJson } from './json-body.ts';
import { registerMissingRoute } from './missing-route.ts';
import { registerDocsPage } from './openapi/docs-page.ts';
import { registerOpenApi } from './openapi/openapi-routes.ts';
import { errorHandler, sendProblem, toProblem } from './problem-reply.ts';
import { Problem } from './problems.ts';
import type { Api } from './route-types.ts';
import { registerReplayRoutes } from './replays/replay-routes.ts';
import { registerProviderRoutes } from './sources/provider-routes.ts';
import { registerSourceActions } from './sources/source-actions.ts';
import { registerSourceRoutes } from './sources/source-routes.ts';
import { registerServerRoutes } from './server-routes.ts';
import { registerChallengeRoutes } from './subscriptions/challenge-routes.ts';
import { registerSecretRoutes } from './subscriptions/secret-routes.ts';
import { registerSubscriptionActions } from './subscriptions/subscription-actions.ts';
import { registerSubscriptionRoutes } from './subscriptions/subscription-routes.ts';
import { Verification } from './subscriptions/verification.ts';
import { registerTenantExport } from './tenants/export-route.ts';
import { registerTenantRoutes } from './tenants/tenant-routes.ts';
import { validatorCompiler } from './validation.ts';

/** A body on the control routes; publishing has limits of its own. */
const MAX_CONTROL_BODY_BYTES = 1024 * 1024;
/** Longer than any id. */
const MAX_PARAM_CHARS = 200;

/**
 * The API, ready to `listen`. More routes may be added before that; each must declare its `access`.
 * `close` refuses new connections and resolves when the last request is answered.
 *
 * @throws StorageError when keys and tenants can't be loaded.
 */
export async function createApi(deps: ApiDependencies): Promise<Api> {
  const keys = new KeyDirectory(deps);
  const authenticator = new Authenticator({ ...deps, keys });
  await keys.load();
  deps.changes?.on('api_key', (changed) => keys.refresh(changed.map(Number)));
  deps.changes?.on('tenant', (changed) => deps.tenants.refresh(changed.map(Number)));
  deps.tenants.listen({ changed: () => {}, removed: ({ number }) => keys.forgetTenant(number) });
  const limits = { ...DEFAULT_API_LIMITS, ...deps.limits };
  let closing = false;
  const publish = createPublishEntrance({
    ...deps,
    authenticator,
    findSubscription: (tenant, id) => deps.registry.find(tenant, id),
    maxBodyBytes: limits.maxEventBodyBytes,
    closing: () => closing,
  });
  const inbound = createInboundEntrance({ ...deps, closing: () => closing });
  const shortcuts = { publish, inbound };
  const app = createFramework(deps, shortcuts);
  app.addHook('preClose', async () => {
    closing = true;
  });
  registerMissingRoute(app);
  requireAccess(app, authenticator);
  await registerOpenApi(app, deps.version);
  registerRoutes(app, { ...deps, keys, limits, closing: () => closing }, shortcuts);
  return app;
}

function createFramework(deps: ApiDependencies, shortcuts: Shortcuts): Api {
  const app: Api = fastify({
    serverFactory: withShortcuts(deps.serverFactory ?? createHttpServer, shortcuts),
    clientErrorHandler: refuseClient,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, toProblem(error));
    },
    bodyLimit: MAX_CONTROL_BODY_BYTES,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
  });
  app.setValidatorCompiler(validatorCompiler);
  // Replies are checked against their schemas by the compiler and by tests, not at run time.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(errorHandler(deps.onError));
  readJsonBodies(app);
  return app;
}

function readJsonBodies(app: Api): void {
  app.removeAllContentTypeParsers();
  const types = ['application/json', 'application/merge-patch+json'];
  app.addContentTypeParser<Buffer>(types, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJson(bodyText(body)));
    } catch (error) {
      done(toProblem(error));
    }
  });
  // Many clients name a content type even when they send nothing.
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else done(new Problem('unsupported_media_type', 'The body must be application/json.'));
  });
}

/** Lets nothing in that a route did not ask for, and no route in that did not ask. */
function requireAccess(app: Api, authenticator: Authenticator): void {
  app.decorateRequest('principal', null);
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`${String(method)} ${url} has no access`);
  });
  app.addHook('onRequest', async (request: FastifyRequest, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    const { access } = request.routeOptions.config;
    // Without a route there is only the 404 to come.
    if (access === undefined || access === 'public') return;
    if (access === 'operator') {
      authenticator.requireAdminKey(request.headers);
      return;
    }
    const principal = await authenticator.identify(request.headers);
    demand(principal, access);
    request.principal = principal;
  });
  // The body may have taken its time, and the tenant may be on its way out by now.
  app.addHook('preHandler', async ({ principal }) => {
    if (principal !== null) authenticator.refuseLeaving(principal.tenant);
  });
}

interface Parts extends ApiDependencies {
  readonly keys: KeyDirectory;
  readonly closing: () => boolean;
  readonly limits: ApiLimits;
}

function registerRoutes(app: Api, parts: Parts, shortcuts: Shortcuts): void {
  const verifying = { ...parts, verification: new Verification(parts) };
  registerSubscriptionRoutes(app, verifying);
  registerSubscriptionActions(app, verifying);
  registerChallengeRoutes(app, verifying);
  registerSecretRoutes(app, parts);
  registerContentTests(app, parts);
  registerThinFetch(app, parts);
  registerPublish(app, shortcuts.publish);
  registerBatch(app, parts);
  registerBroadcast(app, parts);
  registerEventReads(app, parts);
  registerEventCancel(app, parts);
  registerDeliveryRoutes(app, parts);
  registerReplayRoutes(app, parts);
  registerInbound(app, parts, shortcuts);
  registerInboxRoutes(app, parts);
  registerCatalogueSettings(app, parts);
  registerEventTypeDocuments(app, parts);
  registerEventTypeRoutes(app, parts);
  registerApiKeyRoutes(app, parts);
  registerTenantRoutes(app, parts);
  registerTenantExport(app, parts);
  registerEgressIps(app, parts.egressIps);
  registerServerRoutes(app, parts.readiness);
  registerDocsPage(app);
}

function registerInbound(app: Api, parts: Parts, { inbound }: Shortcuts): void {
  registerSourceRoutes(app, parts);
  registerSourceActions(app, parts);
  registerProviderRoutes(app, parts);
  registerInboundRequests(app, parts);
  registerInboundDocument(app, inbound);
}
