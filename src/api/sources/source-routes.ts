/** `/v1/sources`: create, read, change, delete. */
import { z } from 'zod';
import type { Source } from '../../domain/source.ts';
import { MAX_SOURCES_PER_TENANT } from '../../domain/limits-sources.ts';
import { listOf, listQuery, pageOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { Problem } from '../problems.ts';
import { tenantOf, type Api } from '../route-types.ts';
import { candidate, refuseFaulty } from './source-check.ts';
import { changedSourceSettings, givenSecrets, newSourceSettings } from './source-input.ts';
import { pollStatusJson } from './poll-status-json.ts';
import { sourceJson } from './source-json.ts';
import {
  changeSourceInput,
  createSourceInput,
  sourceOutput,
  sourceParams,
} from './source-schema.ts';

export type SourceParts = Pick<
  ApiDependencies,
  'sources' | 'checkSource' | 'pollStatus' | 'publicUrl' | 'clock'
>;

const BASE = '/v1/sources';
const tags = ['Sources'];
const POSITION = z.strictObject({ number: z.int() });

export function registerSourceRoutes(app: Api, parts: SourceParts): void {
  registerCreate(app, parts);
  registerReads(app, parts);
  registerChange(app, parts);
  registerDelete(app, parts);
}

/** @throws Problem `not_found` */
export function sourceOr404(
  sources: ApiDependencies['sources'],
  tenant: number,
  id: string,
): Source {
  const found = sources.find(tenant, id);
  if (found === undefined) throw sourceGone();
  return found;
}

/** Also for one that was deleted while it was being changed. */
export function sourceGone(): Problem {
  return new Problem('not_found', 'There is no source with this id.');
}

export function shownBy({ publicUrl, clock }: SourceParts): (source: Source) => SourceOutput {
  return (source) => sourceJson(source, publicUrl(), clock.now());
}

type SourceOutput = z.output<typeof sourceOutput>;

function registerCreate(app: Api, parts: SourceParts): void {
  const { sources, checkSource } = parts;
  const shown = shownBy(parts);
  app.route({
    method: 'POST',
    url: BASE,
    config: { access: 'sources:write', problems: ['too_many_sources'] },
    schema: {
      operationId: 'createSource',
      summary: 'Make a source: a URL of its own for what a provider sends',
      description:
        'A provider and its secret are enough. Give `url` to the provider; what it sends there ' +
        'is verified, and becomes an event that names the source.',
      tags,
      body: createSourceInput,
      response: { 201: sourceOutput },
    },
    handler: async (request, reply) => {
      const tenant = tenantOf(request);
      if (sources.count(tenant) >= MAX_SOURCES_PER_TENANT) {
        throw new Problem('too_many_sources', `The limit is ${MAX_SOURCES_PER_TENANT}.`);
      }
      const settings = newSourceSettings(request.body);
      const secrets = givenSecrets(request.body) ?? [];
      const { credentials = {} } = request.body;
      refuseFaulty(checkSource, candidate(tenant, settings, secrets, credentials));
      const created = await sources.create({ tenant, settings, secrets, credentials });
      return reply.code(201).send(shown(created));
    },
  });
}

function registerReads(app: Api, parts: SourceParts): void {
  const { sources, pollStatus } = parts;
  const shown = shownBy(parts);
  app.route({
    method: 'GET',
    url: BASE,
    config: { access: 'sources:read' },
    schema: {
      operationId: 'listSources',
      summary: 'List sources, oldest first',
      tags,
      querystring: listQuery,
      response: { 200: listOf(sourceOutput) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? 0 : decodeCursor(cursor, POSITION).number;
      const all = sources.list(tenantOf(request)).filter(({ number }) => number > after);
      const { page, nextCursor } = pageOf(all, limit, ({ number }) => encodeCursor({ number }));
      return { data: page.map(shown), next_cursor: nextCursor };
    },
  });
  app.route({
    method: 'GET',
    url: `${BASE}/:id`,
    config: { access: 'sources:read', problems: ['not_found'] },
    schema: {
      operationId: 'getSource',
      summary: 'Get a source',
      tags,
      params: sourceParams,
      response: { 200: sourceOutput },
    },
    handler: async (request) => {
      const source = sourceOr404(sources, tenantOf(request), request.params.id);
      const status = await pollStatus(source);
      return { ...shown(source), ...(status && { poll: pollStatusJson(status) }) };
    },
  });
}

function registerChange(app: Api, parts: SourceParts): void {
  const { sources, checkSource } = parts;
  const shown = shownBy(parts);
  app.route({
    method: 'PATCH',
    url: `${BASE}/:id`,
    config: { access: 'sources:write', problems: ['not_found', 'source_locked'] },
    schema: {
      operationId: 'changeSource',
      summary: 'Change a source',
      description:
        'Fields that are left out stay; lists and maps are replaced as a whole, secrets too. Its ' +
        'provider can not be changed.',
      tags,
      params: sourceParams,
      body: changeSourceInput,
      response: { 200: sourceOutput },
    },
    handler: async (request) => {
      const { number } = sourceOr404(sources, tenantOf(request), request.params.id);
      const changed = await sources.change(number, (current) => {
        refuseLockedSource(current);
        const given = givenSecrets(request.body);
        const secrets = given ?? current.secrets;
        const wanted = changedSourceSettings(current, request.body);
        const settings = given === undefined ? wanted : { ...wanted, secretEnds: [] };
        const { credentials = current.credentials ?? {} } = request.body;
        refuseFaulty(checkSource, { ...current, ...settings, secrets, credentials });
        return { settings, secrets, credentials };
      });
      if (changed === undefined) throw sourceGone();
      return shown(changed);
    },
  });
}

/** @throws Problem `source_locked` */
export function refuseLockedSource({ lockedReason }: Source): void {
  if (lockedReason !== null) throw new Problem('source_locked', lockedReason);
}

function registerDelete(app: Api, { sources }: SourceParts): void {
  app.route({
    method: 'DELETE',
    url: `${BASE}/:id`,
    config: { access: 'sources:write', problems: ['not_found'] },
    schema: {
      operationId: 'deleteSource',
      summary: 'Delete a source',
      description: 'Its URL is nobody’s from then on. Its events stay.',
      tags,
      params: sourceParams,
      response: { 204: z.undefined().describe('Deleted.') },
    },
    handler: async (request, reply) => {
      const { number } = sourceOr404(sources, tenantOf(request), request.params.id);
      await sources.remove(number);
      return reply.code(204).send(undefined);
    },
  });
}
