/** The problem as the OpenAPI document shows it. */
import { z } from 'zod';
import { QUOTA_NAMES } from '../accept/publication.ts';
import { PROBLEM_CODES } from './problems.ts';

export const problemPart = z
  .object({
    pointer: z.string().optional().describe('JSON Pointer into the body.'),
    parameter: z.string().optional().describe('Query or path parameter.'),
    header: z.string().optional(),
    detail: z.string(),
    code: z.string(),
    position: z
      .object({ offset: z.int(), line: z.int(), column: z.int() })
      .readonly()
      .optional()
      .describe('Where in the text at that place; lines and columns count from 1.'),
  })
  .meta({ id: 'ProblemPart' });

export const problemSchema = z
  .object({
    type: z.string().describe('Where the problem is explained.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened this time.'),
    code: z.enum(PROBLEM_CODES).describe('Stable.'),
    next_step: z.string().describe('What to do now.'),
    quota: z.enum(QUOTA_NAMES).optional().describe('Which one is used up.'),
    errors: z.array(problemPart).readonly().optional().describe('Each part that is wrong.'),
  })
  .meta({
    id: 'Problem',
    description: 'RFC 9457 problem details, sent as application/problem+json.',
  });
