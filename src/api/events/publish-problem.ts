/** What a publisher is told when nothing was stored. */
import type { PublishResult, RuleRefusal } from '../../accept/publication.ts';
import { Problem } from '../problems.ts';

type Refusal = Exclude<PublishResult, { kind: 'accepted' | 'duplicate' }>;

export function publishProblem(result: Refusal): Problem {
  if (result.kind === 'refused') return ruleProblem(result.refusal);
  if (result.kind === 'conflict') {
    return new Problem('idempotency_key_reused', `Nothing was stored: ${result.reason}.`);
  }
  return new Problem('unavailable', `Nothing was stored: ${result.reason}.`, {
    headers: { 'retry-after': String(result.retryAfterSeconds) },
  });
}

/** A tenant's own rules keep it out. */
export function ruleProblem(refusal: RuleRefusal): Problem {
  const detail = `Nothing was stored: ${refusal.reason}.`;
  if (refusal.code === 'redaction_failed') return new Problem('internal_error', detail);
  if (refusal.code !== 'quota_exceeded') return new Problem(refusal.code, detail);
  return new Problem(refusal.code, detail, {
    quota: refusal.quota,
    headers: { 'retry-after': String(refusal.retryAfterSeconds) },
  });
}
