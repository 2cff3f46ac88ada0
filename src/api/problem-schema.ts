/** The problem as the OpenAPI document shows it. */
import { z } from 'zod';
import { PROBLEM_CODES } from './problems.ts';

const problemPart = z
  .object({
    pointer: z.string().optional().describe('JSON Pointer into the body.'),
    parameter: z.string().optional().describe('Query or path parameter.'),
    header: z.string().optional(),
    detail: z.string(),
    code: z.string(),
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
    errors: z.array(problemPart).readonly().optional().describe('Each part that is wrong.'),
  })
  .meta({
    id: 'Problem',
    description: 'RFC 9457 problem details, sent as application/problem+json.',
  });
