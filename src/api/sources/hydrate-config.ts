/** `config.hydrate` of a source, checked before it is stored. */
import { z } from 'zod';
import { checkEventTypePattern } from '../../domain/event-type.ts';
import { HYDRATE_PRESETS, presetOf } from '../../domain/hydrate/presets.ts';
import {
  MAX_EVENT_TYPES_PER_SUBSCRIPTION,
  MAX_SCHEDULE_STEP_SECONDS,
  MAX_TIMEOUT_MS,
  MIN_TIMEOUT_MS,
} from '../../domain/limits.ts';
import {
  MAX_HYDRATE_CACHE_SECONDS,
  MAX_HYDRATE_RATE_PER_SECOND,
  MAX_HYDRATE_TRIES,
} from '../../domain/limits-poll.ts';
import { rule, strict, validationProblem } from '../validation.ts';
import {
  headerObjection,
  headerTemplates,
  urlObjection,
  urlTemplate,
  type TemplateChecks,
} from './request-template.ts';

const hydrateConfig = z.union(
  [
    z.literal(true),
    strict({
      url: urlTemplate.optional(),
      events: z
        .array(z.string().check(rule(checkEventTypePattern, 'invalid_event_type')))
        .min(1)
        .max(MAX_EVENT_TYPES_PER_SUBSCRIPTION)
        .optional(),
      headers: headerTemplates.optional(),
      cache_seconds: z.number().min(0).max(MAX_HYDRATE_CACHE_SECONDS).optional(),
      rate_limit: z.number().positive().max(MAX_HYDRATE_RATE_PER_SECOND).optional(),
      on_failure: z.enum(['deliver_thin', 'fail']).optional(),
      retry_seconds: z
        .array(z.number().min(0).max(MAX_SCHEDULE_STEP_SECONDS))
        .max(MAX_HYDRATE_TRIES - 1)
        .optional(),
      timeout_ms: z.number().int().min(MIN_TIMEOUT_MS).max(MAX_TIMEOUT_MS).optional(),
    }),
  ],
  { error: unionError },
);

/** What is wrong inside the object is told by the object; all else by one sentence. */
function unionError(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_union' ? 'must be true or an object' : undefined;
}

/** `{json:data.id}` and `{path:related_object.url}`. */
const PLACE = /^(?:json|path):[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const HINT = 'a place is {json:data.id} for a value or {path:data.url} for a whole path';

/** @throws Problem naming the field and what is allowed. */
export function checkHydrateConfig(
  provider: string,
  hydrate: unknown,
  checks: TemplateChecks,
): void {
  const isObject = typeof hydrate === 'object' && hydrate !== null;
  // An object is judged by the object's rules, so that each mistake has its place.
  const schema = isObject ? hydrateConfig.options[1] : hydrateConfig;
  const whole = z
    .object({ config: z.object({ hydrate: schema }) })
    .check((context) => {
      const { hydrate: config } = context.value.config;
      for (const { path, message } of objections(provider, config, checks)) {
        const at = ['config', 'hydrate', ...path];
        const params = { code: 'invalid' };
        context.issues.push({ code: 'custom', path: at, message, input: hydrate, params });
      }
    })
    .safeParse({ config: { hydrate } });
  if (!whole.success) throw validationProblem(whole.error, 'body');
}

interface Objection {
  readonly path: readonly string[];
  readonly message: string;
}

function objections(
  provider: string,
  config: z.output<typeof hydrateConfig>,
  checks: TemplateChecks,
): Objection[] {
  const { url, headers = {} } = config === true ? {} : config;
  const preset = presetOf(provider);
  const found: Objection[] = [];
  if (url === undefined && preset === undefined) {
    const known = HYDRATE_PRESETS.map((one) => one.provider).join(', ');
    const message = `is required: it is known for ${known} only`;
    found.push({ path: ['url'], message });
  }
  const problem =
    url === undefined
      ? undefined
      : urlObjection(url, checks.checkTarget, (name) => PLACE.test(name), HINT);
  if (problem !== undefined) found.push({ path: ['url'], message: problem });
  const all = { ...(url === undefined ? preset?.headers : {}), ...headers };
  const header = headerObjection(all, checks);
  if (header !== undefined) found.push({ path: ['headers', header.name], message: header.message });
  return found;
}
