/** Parts that the schemas of several resources share. */
import { z } from 'zod';
import {
  DEFAULT_LIST_LIMIT,
  MAX_LIST_LIMIT,
  MAX_METADATA_BYTES,
  MAX_REFERENCE_CHARS,
} from '../domain/limits.ts';
import { rule, strict } from './validation.ts';

/** UTC, as every instant on the wire. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function isoTimeOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : isoTime(milliseconds);
}

const EXAMPLE_INSTANT = '2026-04-09T12:00:00.000Z';

export const instantOut = z.iso.datetime().meta({ examples: [EXAMPLE_INSTANT] });

/** An instant as callers write it: ISO 8601 with `Z` or an offset. Read it with `instantMs`. */
export const instantIn = z.iso
  .datetime({ offset: true, error: 'is not an ISO 8601 instant such as 2026-04-09T12:00:00Z' })
  .meta({ examples: [EXAMPLE_INSTANT] });

export function instantMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** Ids and keys that callers bring along: any text without control characters. */
export const reference = z
  .string()
  .min(1)
  .max(MAX_REFERENCE_CHARS)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, { error: 'must not hold control characters' });

export const cursorQuery = {
  cursor: z
    .string()
    .optional()
    .describe('The `next_cursor` of the page before. Leave it out for the first page.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_LIST_LIMIT)
    .default(DEFAULT_LIST_LIMIT)
    .describe('Most items on the page. A page may hold fewer and still have a next one.'),
};

export const listQuery = strict(cursorQuery);

export const stringMap = z.record(z.string(), z.string());

/** The caller's own notes on a subscription or a tenant. */
export const ownMetadata = stringMap
  .check(rule(metadataProblem, 'too_big'))
  .describe('Your own notes, at most 16 KiB of JSON.');

function metadataProblem(metadata: Readonly<Record<string, string>>): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  return bytes > MAX_METADATA_BYTES ? `takes more than ${MAX_METADATA_BYTES} bytes` : undefined;
}

export function idParams(example: string): z.ZodObject<{ id: z.ZodString }, z.core.$strict> {
  return strict({ id: z.string().meta({ examples: [example] }) });
}

export function listOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ data: z.ZodArray<Item>; next_cursor: z.ZodNullable<z.ZodString> }> {
  return z.object({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .describe('Give it as `cursor` for the next page; null on the last one.'),
  });
}

/** One page of a list that is whole in memory; the cursor names the last item shown. */
export function pageOf<Item>(
  items: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string,
): { readonly page: readonly Item[]; readonly nextCursor: string | null } {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  const more = items.length > page.length && last !== undefined;
  return { page, nextCursor: more ? cursorOf(last) : null };
}
