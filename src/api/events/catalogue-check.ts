/** What the event catalogue has to say about an event that is being published. */
import { z } from 'zod';
import type { EventCatalogue, FlagCode, RefusalCode } from '../../catalogue/catalogue.ts';
import { Problem, sentence, type ProblemCode } from '../problems.ts';

export type CatalogueCheck = Pick<EventCatalogue, 'check'>;

const warning = z
  .object({
    code: z
      .enum([
        'schema_mismatch',
        'deprecated_event_type',
        'unknown_event_type',
        'not_checked',
      ] as const satisfies readonly FlagCode[])
      .describe('Stable.'),
    pointer: z.string().describe('JSON Pointer into the event as it was published.'),
    detail: z.string(),
  })
  .meta({ id: 'Warning' });

export const warnings = z
  .array(warning)
  .describe('What the event catalogue has to say; the event was taken all the same.');

/** What a publisher may be refused with because of the catalogue. */
export const CATALOGUE_PROBLEMS = [
  'schema_mismatch',
  'unknown_event_type',
  'not_checked',
] as const satisfies readonly (RefusalCode & ProblemCode)[];

/** Names of a thousand places are of no use to anybody. */
const MAX_PLACES_IN_DETAIL = 3;

const NO_DATA: unknown = Object.freeze({});

/**
 * @param dataText JSON text of `data`, or undefined when the publisher gave none.
 * @returns JSON text of the warnings, or undefined when there is nothing to say.
 * @throws Problem when the event is not to be taken.
 */
export function catalogueWarnings(
  context: { readonly tenant: number; readonly catalogue: CatalogueCheck },
  eventType: string,
  data: unknown,
  dataText: string | undefined,
): string | undefined {
  const verdict =
    dataText === undefined
      ? context.catalogue.check(context.tenant, eventType, NO_DATA, 0)
      : context.catalogue.check(context.tenant, eventType, data, dataText.length);
  if (verdict === undefined) return undefined;
  if (verdict.kind === 'flagged') return JSON.stringify(verdict.flags);
  throw new Problem(verdict.code, detailOf(verdict.errors), { errors: verdict.errors });
}

function detailOf(errors: readonly Parameters<typeof sentence>[0][]): string {
  const named = errors.slice(0, MAX_PLACES_IN_DETAIL).map(sentence).join('; ');
  const more = errors.length - MAX_PLACES_IN_DETAIL;
  return more > 0 ? `${named}; and ${more} more` : named;
}

/** The warnings of a publication, read back from their text. */
export function storedWarnings(text: string): z.output<typeof warnings> {
  return JSON.parse(text) as z.output<typeof warnings>;
}
