/** What a caller is told about a transform that they brought along. */
import type { TransformFailure } from '../../transform/port.ts';
import { invalid, Problem } from '../problems.ts';

const RETRY_AFTER_SECONDS = '5';

export function transformProblem({ kind, message, position }: TransformFailure): Problem {
  if (kind === 'unavailable') {
    return new Problem('unavailable', `The transform could not be tried: ${message}.`, {
      headers: { 'retry-after': RETRY_AFTER_SECONDS },
    });
  }
  const place = position === null ? '' : `at line ${position.line}, column ${position.column}: `;
  return invalid({
    pointer: '/transform',
    detail: place + message,
    code: kind === 'limit' ? 'transform_limit' : 'invalid_transform',
    ...(position !== null && { position }),
  });
}
