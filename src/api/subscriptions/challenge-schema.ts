/** The challenge of a target on the wire. */
import { z } from 'zod';
import { instantOut } from '../common-schema.ts';

export const challengeInput = z
  .boolean()
  .optional()
  .describe(
    'Whether the target has to say that it wants the events before it gets the first one. Until ' +
      'then they are held. A tenant can require it of all.',
  );

export const challengeOutput = z
  .object({
    method: z
      .enum(['echo', 'options'])
      .nullable()
      .describe('`options` is the handshake of CloudEvents. Null before the first time.'),
    passed_at: instantOut.nullable(),
    tried_at: instantOut.nullable(),
    failure: z.string().nullable().describe('Why it has not passed.'),
  })
  .nullable()
  .describe('Null when the target is not asked.');
