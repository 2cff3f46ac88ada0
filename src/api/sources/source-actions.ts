/** What can be done to a source beside changing it: pause, resume, new secret, new URL. */
import { MAX_SOURCE_SECRETS } from '../../domain/limits-sources.ts';
import { liveSecrets, type Source, type SourceStatus } from '../../domain/source.ts';
import { invalid, Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { refuseFaulty } from './source-check.ts';
import {
  refuseLockedSource,
  shownBy,
  sourceGone,
  sourceOr404,
  type SourceParts,
} from './source-routes.ts';
import { rotateSourceInput, sourceOutput, sourceParams } from './source-schema.ts';

const BASE = '/v1/sources/:id';
const tags = ['Sources'];
const params = sourceParams;
const access = 'sources:write';

export function registerSourceActions(app: Api, parts: SourceParts): void {
  registerStatus(app, parts, {
    action: 'pause',
    status: 'paused',
    operationId: 'pauseSource',
    summary: 'Turn senders away until it is resumed',
    description: 'They get 503 and Retry-After; most providers try again for hours or days.',
  });
  registerStatus(app, parts, {
    action: 'resume',
    status: 'active',
    operationId: 'resumeSource',
    summary: 'Take requests again',
    description: 'What senders were refused meanwhile comes when they try again.',
  });
  registerRotate(app, parts);
  registerRenew(app, parts);
}

interface StatusAction {
  readonly action: string;
  readonly status: SourceStatus;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
}

function registerStatus(app: Api, parts: SourceParts, wanted: StatusAction): void {
  const { action, status, ...documented } = wanted;
  const { sources } = parts;
  const shown = shownBy(parts);
  app.route({
    method: 'POST',
    url: `${BASE}/${action}`,
    config: { access, problems: ['not_found'] },
    schema: { ...documented, tags, params, response: { 200: sourceOutput } },
    handler: async (request) => {
      const { number } = sourceOr404(sources, tenantOf(request), request.params.id);
      const changed = await sources.change(number, { status });
      if (changed === undefined) throw sourceGone();
      return shown(changed);
    },
  });
}

function registerRotate(app: Api, parts: SourceParts): void {
  const { sources, checkSource, clock } = parts;
  const shown = shownBy(parts);
  app.route({
    method: 'POST',
    url: `${BASE}/rotate-secret`,
    config: { access, problems: ['not_found', 'source_locked', 'too_many_source_secrets'] },
    schema: {
      operationId: 'rotateSourceSecret',
      summary: 'Give a source a new secret',
      description:
        'The secrets before it go on verifying during the overlap, so that nothing is refused ' +
        'while the provider changes over.',
      tags,
      params,
      body: rotateSourceInput,
      response: { 200: sourceOutput },
    },
    handler: async (request) => {
      const { number } = sourceOr404(sources, tenantOf(request), request.params.id);
      const { secret, overlap_seconds: overlap } = request.body;
      const changed = await sources.change(number, (current) => {
        refuseLockedSource(current);
        const now = clock.now();
        const rotated = rotatedSecrets(current, secret, now, overlap * 1000);
        refuseFaulty(checkSource, { ...current, ...rotated });
        const { secrets, secretEnds } = rotated;
        return { settings: { ...current, secretEnds }, secrets };
      });
      if (changed === undefined) throw sourceGone();
      return shown(changed);
    },
  });
}

function rotatedSecrets(
  current: Source,
  secret: string,
  now: number,
  overlapMs: number,
): Pick<Source, 'secrets' | 'secretEnds'> {
  const live = liveSecrets(current, now);
  if (live.some(({ text }) => text === secret)) {
    const detail = 'verifies already, and a new one is to take its place';
    throw invalid({ pointer: '/secret', code: 'secret_in_use', detail });
  }
  const until = now + overlapMs;
  const former = overlapMs === 0 ? [] : live;
  if (former.length >= MAX_SOURCE_SECRETS) {
    const detail = `${MAX_SOURCE_SECRETS} secrets of this source verify already.`;
    throw new Problem('too_many_source_secrets', detail);
  }
  return {
    secrets: [secret, ...former.map(({ text }) => text)],
    // A rotation never prolongs what an earlier one has ended.
    secretEnds: [null, ...former.map(({ endsAt }) => Math.min(endsAt ?? until, until))],
  };
}

function registerRenew(app: Api, parts: SourceParts): void {
  const { sources } = parts;
  const shown = shownBy(parts);
  app.route({
    method: 'POST',
    url: `${BASE}/renew-url`,
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'renewSourceUrl',
      summary: 'Give a source another URL',
      description:
        'The URL before it is nobody’s at once. For one that became known to others, and for a ' +
        'source whose secrets were lost: give it its secrets again, too.',
      tags,
      params,
      response: { 200: sourceOutput },
    },
    handler: async (request) => {
      const { number } = sourceOr404(sources, tenantOf(request), request.params.id);
      const changed = await sources.change(number, { renewToken: true });
      if (changed === undefined) throw sourceGone();
      return shown(changed);
    },
  });
}
