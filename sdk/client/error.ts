/** One error for everything that can go wrong between this client and the API. */

import type { Problem, ProblemPart } from './types.ts';

export interface BellwireErrorFields {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly nextStep?: string | undefined;
  readonly errors?: readonly ProblemPart[] | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The API's `application/problem+json` (RFC 9457), or, with `status` 0, why no answer came:
 * code `connection_failed`, `timeout` or `aborted`.
 */
export class BellwireError extends Error {
  override readonly name = 'BellwireError';
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Stable; compare this, not the texts. `unexpected_response` when the body is no problem. */
  readonly code: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** What the API advises to do. */
  readonly nextStep: string | undefined;
  readonly errors: readonly ProblemPart[];
  /** From `Retry-After`; the server asks not to be called before. */
  readonly retryAfterMs: number | undefined;

  constructor(fields: BellwireErrorFields) {
    const { status, code, title, detail, cause } = fields;
    const message = detail === undefined ? title : `${title}: ${detail}`;
    super(`${message} (${status === 0 ? code : `${status} ${code}`})`, { cause });
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.nextStep = fields.nextStep;
    this.errors = fields.errors ?? [];
    this.retryAfterMs = fields.retryAfterMs;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isProblemPart(value: unknown): value is ProblemPart {
  return (
    typeof value === 'object' &&
    value !== null &&
    'detail' in value &&
    typeof value.detail === 'string' &&
    'code' in value &&
    typeof value.code === 'string'
  );
}

/** A problem that came within an answer. */
export function errorFromProblem(problem: Problem): BellwireError {
  return errorFromResponse(problem.status, JSON.stringify(problem), undefined);
}

/** @param body The response's text, in whatever form a proxy in between gave it. */
export function errorFromResponse(
  status: number,
  body: string,
  retryAfterMs: number | undefined,
): BellwireError {
  const problem = parseObject(body);
  return new BellwireError({
    status,
    code: textOf(problem.code) ?? 'unexpected_response',
    title: textOf(problem.title) ?? `The API answered ${status}`,
    detail: textOf(problem.detail),
    nextStep: textOf(problem.next_step),
    errors: Array.isArray(problem.errors) ? problem.errors.filter(isProblemPart) : [],
    retryAfterMs,
  });
}

function parseObject(text: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
