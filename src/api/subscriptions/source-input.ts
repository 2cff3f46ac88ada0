/** `source_id` of a subscription: the one source whose events it takes. */
import { z } from 'zod';
import type { SourceRegistry } from '../../storage/source-registry.ts';
import { invalid } from '../problems.ts';

export const sourceIdInput = z
  .string()
  .nullable()
  .optional()
  .describe('Takes only what came in through this source; null for all events, the default.')
  .meta({ examples: ['src_01kgsx2f2g00000000001'] });

/** @throws Problem `validation_failed` when the tenant has no such source. */
export function checkSourceId(
  sources: Pick<SourceRegistry, 'find'>,
  tenant: number,
  { source_id: id }: { readonly source_id?: string | null | undefined },
): void {
  if (id === undefined || id === null || sources.find(tenant, id) !== undefined) return;
  const detail = 'is no source of yours; `GET /v1/sources` lists those there are';
  throw invalid({ pointer: '/source_id', code: 'unknown_source', detail });
}
