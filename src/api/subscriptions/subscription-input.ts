/** From what a caller wrote to the settings and secrets of a subscription. */
import { DEFAULT_MAX_IN_FLIGHT, DEFAULT_TIMEOUT_MS } from '../../domain/limits.ts';
import { DEFAULT_SCHEDULE_SECONDS } from '../../domain/retry-policy.ts';
import type { SubscriptionSettings } from '../../domain/subscription.ts';
import { generateSecret, generateSigningKeyPair } from '../../protocol/secrets.ts';
import type { Random } from '../../runtime/random.ts';
import type { TargetCheck } from '../deps.ts';
import { invalid, Problem, sentence, type ProblemPart } from '../problems.ts';
import { HIDDEN } from './shown-headers.ts';
import type { ChangeSubscriptionInput, CreateSubscriptionInput } from './subscription-schema.ts';

const SECRET_RANDOM_BYTES = 32;

type CheckTarget = (text: string) => TargetCheck;

/** @throws Problem `target_not_allowed` or `validation_failed` */
export function newSettings(
  input: CreateSubscriptionInput,
  checkTarget: CheckTarget,
): SubscriptionSettings {
  const defaults: SubscriptionSettings = {
    name: null,
    eventTypes: [],
    destination: { kind: 'webhook', url: '' },
    retryScheduleSeconds: DEFAULT_SCHEDULE_SECONDS,
    timeoutMs: DEFAULT_TIMEOUT_MS,
    rateLimit: null,
    maxInFlight: DEFAULT_MAX_IN_FLIGHT,
    headers: {},
    signatures: ['standard', 'agent'],
    signing: input.signing ?? 'hmac',
    metadata: {},
  };
  return changedSettings(defaults, input, checkTarget);
}

/** The settings with those fields replaced that the caller gave; each one as a whole. */
export function changedSettings(
  current: SubscriptionSettings,
  input: ChangeSubscriptionInput,
  checkTarget: CheckTarget,
): SubscriptionSettings {
  if (input.headers !== undefined) refuseHiddenValues(input.headers);
  return {
    name: input.name === undefined ? current.name : input.name,
    eventTypes: eventTypesOf(input) ?? current.eventTypes,
    destination: destinationOf(input, checkTarget) ?? current.destination,
    retryScheduleSeconds: input.retry_schedule ?? current.retryScheduleSeconds,
    timeoutMs: input.timeout_ms ?? current.timeoutMs,
    rateLimit: input.rate_limit === undefined ? current.rateLimit : input.rate_limit,
    maxInFlight: input.max_in_flight ?? current.maxInFlight,
    headers: input.headers ?? current.headers,
    signatures: input.signatures ?? current.signatures,
    signing: current.signing,
    metadata: input.metadata ?? current.metadata,
  };
}

function eventTypesOf(input: ChangeSubscriptionInput): readonly string[] | undefined {
  return input.event_type === undefined ? input.event_types : [input.event_type];
}

function destinationOf(
  input: ChangeSubscriptionInput,
  checkTarget: CheckTarget,
): SubscriptionSettings['destination'] | undefined {
  const url = input.target_url ?? input.destination?.url;
  if (url === undefined) return undefined;
  const check = checkTarget(url);
  if (check.ok) return { kind: 'webhook', url: check.url.href };
  const pointer = input.target_url === undefined ? '/destination/url' : '/target_url';
  const part: ProblemPart = { pointer, detail: check.reason, code: check.code };
  throw new Problem('target_not_allowed', sentence(part), { errors: [part] });
}

/** What was read back must not overwrite the value it stands for. */
function refuseHiddenValues(headers: Readonly<Record<string, string>>): void {
  const name = Object.keys(headers).find((key) => headers[key] === HIDDEN);
  if (name === undefined) return;
  const detail = `${HIDDEN} stands for a value that is not shown; give the real one`;
  throw invalid({ pointer: `/headers/${name}`, code: 'hidden_value', detail });
}

/** Secrets of a new subscription, and the one that its creator is shown. */
export interface NewSecrets {
  readonly secrets: readonly string[];
  readonly shown: string;
}

/** With ed25519 a key pair of ours signs `webhook-signature`; the agent scheme is HMAC always. */
export function newSecrets(input: CreateSubscriptionInput, random: Random): NewSecrets {
  const shown = input.secret ?? generateSecret(random.bytes(SECRET_RANDOM_BYTES));
  if (input.signing !== 'ed25519') return { secrets: [shown], shown };
  const pair = generateSigningKeyPair(random.bytes(SECRET_RANDOM_BYTES));
  return { secrets: [pair.secret, shown], shown };
}
