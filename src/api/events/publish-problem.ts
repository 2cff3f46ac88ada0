/** What a publisher is told when nothing was stored. */
import type { PublishResult } from '../../accept/publication.ts';
import { Problem } from '../problems.ts';

type Refusal = Extract<PublishResult, { kind: 'conflict' | 'unavailable' }>;

export function publishProblem(result: Refusal): Problem {
  if (result.kind === 'conflict') {
    return new Problem('idempotency_key_reused', `Nothing was stored: ${result.reason}.`);
  }
  return new Problem('unavailable', `Nothing was stored: ${result.reason}.`, {
    headers: { 'retry-after': String(result.retryAfterSeconds) },
  });
}
