/** What a subscription takes and what it gets: filter, transform and payload format on the wire. */
import { z } from 'zod';
import { compileFilter } from '../../domain/filter/filter.ts';
import { MAX_TRANSFORM_SOURCE_CHARS } from '../../domain/limits.ts';
import { PAYLOAD_FORMATS } from '../../domain/subscription.ts';

const EXAMPLE_FILTER = { data: { amount: { $gte: 100 }, country: { $in: ['KR', 'US'] } } };
const EXAMPLE_TRANSFORM = '{"text": "Task " & task_id & " ended: " & status}';

/** Not a record of the schema library, which would leave out members such as `__proto__`. */
export const filterDocument = z
  .unknown()
  .check(filterProblems)
  .describe('A filter object, matched against the delivered envelope and `metadata`.')
  .meta({ type: 'object', additionalProperties: true, examples: [EXAMPLE_FILTER] });

export const transformSource = z
  .string()
  .min(1)
  .max(MAX_TRANSFORM_SOURCE_CHARS)
  .describe('A JSONata expression over the envelope; its result becomes the body.')
  .meta({ examples: [EXAMPLE_TRANSFORM] });

/** May be given at creation and changed later. */
export const contentFields = {
  filter: filterDocument
    .nullable()
    .optional()
    .describe('Takes only the events that match; null takes all of its types, the default.'),
  transform: transformSource
    .nullable()
    .optional()
    .describe('Changes the body; null sends it as it is, the default.'),
  payload_format: z
    .enum(PAYLOAD_FORMATS)
    .optional()
    .describe(
      'How the body is written: `bellwire` (default), `cloudevents` (1.0, structured), ' +
        '`cloudevents_binary`, or `thin` (id, type and a link to the rest).',
    ),
};

export const contentOutput = {
  filter: z.record(z.string(), z.unknown()).nullable(),
  transform: z.string().nullable(),
  payload_format: z.enum(PAYLOAD_FORMATS),
};

function filterProblems(context: z.core.ParsePayload): void {
  const compiled = compileFilter(context.value);
  if (compiled.ok) return;
  for (const { pointer, detail } of compiled.problems) {
    context.issues.push({
      code: 'custom',
      message: detail,
      input: context.value,
      path: pathOf(pointer),
      params: { code: 'invalid_filter' },
    });
  }
}

function pathOf(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
