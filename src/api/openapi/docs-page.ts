/**
 * `/docs`: the API reference for people, served from this process alone. Its script is 5 MB, so it
 * is loaded when somebody first looks at it and not at start.
 */
import { createHash } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { Problem } from '../problems.ts';
import type { Api } from '../route-types.ts';
import { OPENAPI_PATH } from './openapi-routes.ts';

const DOCS_PATH = '/docs';
const INLINE_SCRIPT = /<script type="text\/javascript">([\s\S]*?)<\/script>/;
/** The script changes with the release alone. */
const SCRIPT_CACHE = 'public, max-age=3600';

/** What the viewer could fetch from elsewhere is switched off; the policy makes sure. */
const VIEWER = {
  url: OPENAPI_PATH,
  pageTitle: 'Bellwire API',
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
} as const;

export function registerDocsPage(app: Api): void {
  let viewer: Promise<Viewer> | undefined;
  const options = { config: { access: 'public' }, schema: { hide: true } } as const;
  app.get(DOCS_PATH, options, (_request, reply) => reply.redirect(`${DOCS_PATH}/`, 301));
  app.get(`${DOCS_PATH}/*`, options, async (request, reply) => {
    viewer ??= loadViewer();
    const { page, policy } = await viewer;
    const answer = await page.inject({ method: 'GET', url: request.url });
    const type = String(answer.headers['content-type']);
    if (answer.statusCode !== 200) throw new Problem('not_found', 'There is no such page.');
    return reply
      .header('content-type', type)
      .header('cache-control', type.includes('javascript') ? SCRIPT_CACHE : 'no-store')
      .header('content-security-policy', policy)
      .header('referrer-policy', 'no-referrer')
      .header('cross-origin-opener-policy', 'same-origin')
      .header('x-frame-options', 'DENY')
      .send(answer.rawPayload);
  });
}

interface Viewer {
  readonly page: FastifyInstance;
  readonly policy: string;
}

/** An instance of its own, because routes can't be added to one that already listens. */
async function loadViewer(): Promise<Viewer> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const page = fastify();
  await page.register(scalar, { routePrefix: DOCS_PATH, configuration: VIEWER });
  const { payload } = await page.inject({ method: 'GET', url: `${DOCS_PATH}/` });
  const script = INLINE_SCRIPT.exec(payload)?.[1];
  if (script === undefined) throw new Error('the docs page has no inline script to allow');
  return { page, policy: contentPolicy(script) };
}

/** Allows the one inline script by its hash. The viewer styles itself at run time. */
function contentPolicy(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
