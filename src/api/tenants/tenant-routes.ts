/** `/v1/tenants`: the operator's, so that every route wants the admin key itself. */
import { z } from 'zod';
import type { Tenant } from '../../domain/tenant.ts';
import { listOf, listQuery, pageOf } from '../common-schema.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { ApiDependencies } from '../deps.ts';
import { inboxUsage } from '../inboxes/inbox-walk.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../route-types.ts';
import { strict } from '../validation.ts';
import {
  changeTenantInput,
  createTenantInput,
  settingsFrom,
  tenantJson,
  tenantOutput,
  tenantWithUsage,
  usageJson,
} from './tenant-schema.ts';

type Sources = Pick<ApiDependencies, 'tenants' | 'tenantData' | 'registry' | 'inboxes'>;

export const TENANTS = '/v1/tenants';
const ONE = `${TENANTS}/:name`;
const tags = ['Tenants'];
const access = 'operator';
export const tenantParams = strict({ name: z.string().meta({ examples: ['acme'] }) });
const POSITION = z.strictObject({ number: z.int() });

export function registerTenantRoutes(app: Api, sources: Sources): void {
  registerCreate(app, sources);
  registerReads(app, sources);
  registerChange(app, sources);
  registerDelete(app, sources);
}

/** @throws Problem `not_found` */
export function tenantOr404(tenants: ApiDependencies['tenants'], name: string): Tenant {
  const found = tenants.find(name);
  if (found === undefined) throw gone();
  return found;
}

function gone(): Problem {
  return new Problem('not_found', 'There is no tenant of this name.');
}

function registerCreate(app: Api, { tenants }: Sources): void {
  app.route({
    method: 'POST',
    url: TENANTS,
    config: { access, problems: ['tenant_exists', 'tenant_is_deleting'] },
    schema: {
      operationId: 'createTenant',
      summary: 'Create a tenant',
      description:
        'With settings of its own. A tenant without any comes into being when the admin key ' +
        'names it in `Bellwire-Tenant` for the first time.',
      tags,
      body: createTenantInput,
      response: { 201: tenantOutput },
    },
    handler: async (request, reply) => {
      const { name, ...input } = request.body;
      refuseDeleting(tenants.find(name));
      const created = await tenants.create(name, settingsFrom(input));
      if (created === undefined) {
        throw new Problem('tenant_exists', `The name ${name} is taken.`);
      }
      return reply.code(201).send(tenantJson(created));
    },
  });
}

function registerReads(app: Api, { tenants, tenantData, registry, inboxes }: Sources): void {
  app.route({
    method: 'GET',
    url: TENANTS,
    config: { access },
    schema: {
      operationId: 'listTenants',
      summary: 'List tenants, oldest first',
      tags,
      querystring: listQuery,
      response: { 200: listOf(tenantOutput) },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const after = cursor === undefined ? 0 : decodeCursor(cursor, POSITION).number;
      const all = tenants.list().filter(({ number }) => number > after);
      const { page, nextCursor } = pageOf(all, limit, ({ number }) => encodeCursor({ number }));
      return { data: page.map(tenantJson), next_cursor: nextCursor };
    },
  });
  app.route({
    method: 'GET',
    url: ONE,
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'getTenant',
      summary: 'Get a tenant, and what it uses',
      tags,
      params: tenantParams,
      response: { 200: tenantWithUsage },
    },
    handler: async (request) => {
      const tenant = tenantOr404(tenants, request.params.name);
      const days = await tenantData.usage(tenant.number);
      const waiting = await inboxUsage(inboxes, tenant.number);
      const usage = usageJson(registry.count(tenant.number), days, waiting);
      return { ...tenantJson(tenant), usage };
    },
  });
}

function registerChange(app: Api, { tenants }: Sources): void {
  app.route({
    method: 'PATCH',
    url: ONE,
    config: { access, problems: ['not_found', 'tenant_is_deleting'] },
    schema: {
      operationId: 'changeTenant',
      summary: 'Change the settings of a tenant',
      description:
        'Fields that are left out stay; `quotas`, `redact` and `metadata` are replaced as a ' +
        'whole. It holds from the next event on and changes nothing that is stored.',
      tags,
      params: tenantParams,
      body: changeTenantInput,
      response: { 200: tenantOutput },
    },
    handler: async (request) => {
      const { number, status, name } = tenantOr404(tenants, request.params.name);
      refuseDeleting({ status, name });
      const { body } = request;
      const changed = await tenants.change(number, (current) => settingsFrom(body, current));
      if (changed === undefined) throw gone();
      return tenantJson(changed);
    },
  });
}

function registerDelete(app: Api, { tenants }: Sources): void {
  app.route({
    method: 'DELETE',
    url: ONE,
    config: { access, problems: ['not_found'] },
    schema: {
      operationId: 'deleteTenant',
      summary: 'Delete a tenant with all that it has',
      description:
        'From the answer on it takes nothing more. Its subscriptions, keys, events, deliveries ' +
        'and attempts are then erased in the background; the name is free once `getTenant` ' +
        'answers 404. It can not be undone.',
      tags,
      params: tenantParams,
      response: { 202: tenantOutput },
    },
    handler: async (request, reply) => {
      const current = tenantOr404(tenants, request.params.name);
      const leaving = await tenants.startDeletion(current.number);
      if (leaving === undefined) throw gone();
      return reply.code(202).send(tenantJson(leaving));
    },
  });
}

function refuseDeleting(tenant: Pick<Tenant, 'name' | 'status'> | undefined): void {
  if (tenant?.status !== 'deleting') return;
  throw new Problem('tenant_is_deleting', `The tenant ${tenant.name} is being deleted.`);
}
