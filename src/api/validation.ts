/** Zod as the validator of every route, with errors that name the place and what is allowed. */
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { Problem, sentence, type ProblemPart } from './problems.ts';

/** A body with ten thousand mistakes gets the first ones told. */
const MAX_PARTS = 20;

/** Issue codes of our own refinements travel in `params.code`. */
const STABLE_CODES: Readonly<Record<string, string>> = {
  invalid_type: 'invalid_type',
  too_big: 'too_big',
  too_small: 'too_small',
  invalid_format: 'invalid_format',
  invalid_value: 'invalid_value',
  unrecognized_keys: 'unknown_field',
};

/** An object that refuses unknown members and then says which ones it knows. */
export function strict<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `is not known here; known are: ${known}` : undefined,
  });
}

export type RequestPart = 'body' | 'query' | 'path';

export function validationProblem(error: z.core.$ZodError, where: RequestPart): Problem {
  const parts = error.issues.flatMap((issue) => partsOf(issue, where)).slice(0, MAX_PARTS);
  return new Problem('validation_failed', parts.map(sentence).join('; '), { errors: parts });
}

function partsOf(issue: z.core.$ZodIssue, where: RequestPart): ProblemPart[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      ...place([...issue.path, key], where),
      detail: issue.message,
      code: 'unknown_field',
    }));
  }
  if (issue.path.length === 0 && / received (undefined|null)$/.test(issue.message)) {
    return [{ ...place([], where), detail: 'the body is required', code: 'required' }];
  }
  return [{ ...place(issue.path, where), ...explain(issue) }];
}

function explain(issue: z.core.$ZodIssue): { detail: string; code: string } {
  if (issue.code === 'custom') {
    const code: unknown = issue.params?.['code'];
    return { detail: issue.message, code: typeof code === 'string' ? code : 'invalid' };
  }
  if (isMissing(issue)) return { detail: 'is required', code: 'required' };
  // A union that says itself what it takes.
  if (issue.code === 'invalid_union' && !issue.message.startsWith('Invalid ')) {
    return { detail: issue.message, code: 'invalid_value' };
  }
  const detail = issue.message.replace(/^Invalid input: /, '');
  return { detail, code: STABLE_CODES[issue.code] ?? 'invalid' };
}

/** Zod tells an absent member only by its words. */
function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.message.endsWith('received undefined');
}

function place(
  path: readonly PropertyKey[],
  where: RequestPart,
): { pointer: string } | { parameter: string } {
  if (where !== 'body') return { parameter: path.map(String).join('.') };
  // RFC 6901 §3: ~ and / are escaped in this order.
  const escaped = path.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'));
  return { pointer: escaped.map((key) => `/${key}`).join('') };
}

/** A refinement for rules whose checker answers a sentence, or undefined when all is well. */
export function rule<T>(
  check: (value: T) => string | undefined,
  code = 'invalid',
): (context: z.core.ParsePayload<T>) => void {
  return (context) => {
    const message = check(context.value);
    if (message === undefined) return;
    context.issues.push({ code: 'custom', message, input: context.value, params: { code } });
  };
}

const PARTS: Readonly<Record<string, RequestPart>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
};

/** Fastify passes a thrown Problem on to the error handler as it is. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const where = PARTS[httpPart ?? ''] ?? 'body';
  return (data) => {
    const result = schema.safeParse(data);
    return result.success
      ? { value: result.data }
      : { error: validationProblem(result.error, where) };
  };
};
