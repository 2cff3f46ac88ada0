/** The `config` of a source of the provider `poll`, checked before it is stored. */
import { z } from 'zod';
import { checkEventType } from '../../domain/event-type.ts';
import { MAX_TIMEOUT_MS, MIN_TIMEOUT_MS } from '../../domain/limits.ts';
import {
  DEFAULT_POLL_INTERVAL_SECONDS,
  MAX_CREDENTIAL_NAME_CHARS,
  MAX_POLL_BODY_BYTES,
  MAX_POLL_BUDGET_REQUESTS,
  MAX_POLL_BUDGET_SECONDS,
  MAX_POLL_INTERVAL_SECONDS,
  MAX_POLL_RESOURCE_CHARS,
  MAX_POLL_RESOURCES,
  MAX_POLL_VAR_CHARS,
  MAX_POLL_VARS,
  MIN_POLL_INTERVAL_SECONDS,
} from '../../domain/limits-poll.ts';
import { CHANGE_KINDS, pollSettings, type PollConfig } from '../../domain/poll/settings.ts';
import { checkTemplate } from '../../domain/poll/template.ts';
import { THRESHOLD_OPS } from '../../domain/poll/threshold.ts';
import { rule, strict, validationProblem } from '../validation.ts';
import {
  headerObjection,
  headerTemplates,
  jsonPath,
  urlObjection,
  urlTemplate,
  type TemplateChecks,
} from './request-template.ts';

const seconds = z.number().min(MIN_POLL_INTERVAL_SECONDS).max(MAX_POLL_INTERVAL_SECONDS);
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, { error: 'must not hold control characters' });
const varName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/i, {
  error: 'must be a letter, then letters, digits and _',
});

const resource = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  strict({
    name: text(MAX_POLL_RESOURCE_CHARS),
    vars: z
      .record(varName, z.string().max(MAX_POLL_VAR_CHARS))
      .check(rule((vars) => (Object.keys(vars).length > MAX_POLL_VARS ? tooManyVars() : undefined)))
      .optional(),
  }),
);

function tooManyVars(): string {
  return `has more than ${MAX_POLL_VARS} members`;
}

const threshold = strict({
  path: jsonPath.optional(),
  op: z.enum(THRESHOLD_OPS),
  value: z.union([z.number(), z.tuple([z.number(), z.number()])], {
    error: 'must be a number, or [low, high] for "outside" and "inside"',
  }),
  hysteresis: z.number().min(0).optional(),
  on_clear: z.boolean().optional(),
}).check(
  rule(({ op, value }) => {
    const wantsRange = op === 'outside' || op === 'inside';
    if (wantsRange !== Array.isArray(value)) {
      return `value must be ${wantsRange ? '[low, high]' : 'a number'} for "${op}"`;
    }
    return Array.isArray(value) && value[0] > value[1] ? 'low is above high' : undefined;
  }),
);

const emit = z.preprocess(
  (value) => (value === 'change' ? { change: {} } : value),
  strict({
    change: strict({ kinds: z.array(z.enum(CHANGE_KINDS)).min(1).optional() }).optional(),
    threshold: threshold.optional(),
  }).check(
    rule(({ change, threshold: condition }) =>
      (change === undefined) === (condition === undefined)
        ? 'must be "change", {"change": {…}} or {"threshold": {…}}'
        : undefined,
    ),
  ),
);

export const pollConfig = strict({
  url: urlTemplate,
  method: z.enum(['GET', 'POST']).optional(),
  headers: headerTemplates.optional(),
  body: z
    .json()
    .check(
      rule((body) =>
        Buffer.byteLength(JSON.stringify(body)) > MAX_POLL_BODY_BYTES
          ? `is larger than ${MAX_POLL_BODY_BYTES} bytes`
          : undefined,
      ),
    )
    .optional(),
  select: jsonPath.optional(),
  items: strict({ id: jsonPath }).optional(),
  resources: z.array(resource).min(1).max(MAX_POLL_RESOURCES).optional(),
  emit: emit.optional(),
  first: z.enum(['emit', 'silent']).optional(),
  interval_seconds: seconds.optional(),
  min_interval_seconds: seconds.optional(),
  max_interval_seconds: seconds.optional(),
  timeout_ms: z.number().int().min(MIN_TIMEOUT_MS).max(MAX_TIMEOUT_MS).optional(),
  budget: strict({
    requests: z.number().int().min(1).max(MAX_POLL_BUDGET_REQUESTS).optional(),
    per_seconds: z.number().int().min(1).max(MAX_POLL_BUDGET_SECONDS).optional(),
    credential: text(MAX_CREDENTIAL_NAME_CHARS).optional(),
  }).optional(),
  event_type: z.string().check(rule(checkEventType, 'invalid_event_type')).optional(),
});

/** With the places named from the top of the request's body. */
const asConfig = z.object({ config: pollConfig });

/**
 * The configuration as it is stored. @throws Problem naming each field and what is allowed.
 */
export function checkPollConfig(config: unknown, checks: TemplateChecks): PollConfig {
  const whole = asConfig
    .check((context) => {
      for (const { path, message } of objections(context.value.config, checks)) {
        const params = { code: 'invalid' };
        context.issues.push({
          code: 'custom',
          path: ['config', ...path],
          message,
          input: config,
          params,
        });
      }
    })
    .safeParse({ config });
  if (!whole.success) throw validationProblem(whole.error, 'body');
  return whole.data.config;
}

interface Objection {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What only shows when several fields are looked at together. */
function objections(config: z.output<typeof pollConfig>, checks: TemplateChecks): Objection[] {
  return [
    ...intervalObjections(config),
    ...requestObjections(config, checks),
    ...resourceObjections(config),
  ];
}

function intervalObjections(config: z.output<typeof pollConfig>): Objection[] {
  const { interval_seconds: interval = DEFAULT_POLL_INTERVAL_SECONDS } = config;
  const { min_interval_seconds: min = interval, max_interval_seconds: max = interval } = config;
  const found: Objection[] = [];
  if (min > interval) {
    found.push({
      path: ['min_interval_seconds'],
      message: `is above interval_seconds, ${interval}`,
    });
  }
  if (max < interval) {
    found.push({
      path: ['max_interval_seconds'],
      message: `is below interval_seconds, ${interval}`,
    });
  }
  return found;
}

function requestObjections(
  config: z.output<typeof pollConfig>,
  checks: TemplateChecks,
): Objection[] {
  const known = knownNames(config);
  const hint = `known are: ${[...known].join(', ')} (the name and the vars of all resources)`;
  const knows = (name: string) => known.has(name);
  const url = urlObjection(config.url, checks.checkTarget, knows, hint);
  const header = headerObjection(config.headers ?? {}, checks);
  const found: Objection[] = [];
  if (url !== undefined) found.push({ path: ['url'], message: url });
  if (header !== undefined) found.push({ path: ['headers', header.name], message: header.message });
  if (config.body === undefined) return found;
  if (config.method !== 'POST') {
    found.push({ path: ['body'], message: 'needs "method": "POST"' });
  }
  const problem = strings(config.body)
    .map((each) => checkTemplate(each, knows, hint))
    .find((message) => message !== undefined);
  if (problem !== undefined) found.push({ path: ['body'], message: problem });
  return found;
}

/** Names that every resource can fill in. */
function knownNames(config: z.output<typeof pollConfig>): ReadonlySet<string> {
  const [first, ...others] = pollSettings(config).resources;
  const shared = Object.keys(first?.vars ?? {}).filter((name) =>
    others.every(({ vars }) => Object.hasOwn(vars, name)),
  );
  return new Set(['resource', ...shared]);
}

function resourceObjections(config: z.output<typeof pollConfig>): Objection[] {
  const seen = new Set<string>();
  const found: Objection[] = [];
  for (const [at, { name }] of pollSettings(config).resources.entries()) {
    if (seen.has(name)) {
      const message = `"${name}" is there twice; each resource needs a name of its own`;
      found.push({ path: ['resources', at, 'name'], message });
    }
    seen.add(name);
  }
  return found;
}

/** All texts inside a JSON value. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}
