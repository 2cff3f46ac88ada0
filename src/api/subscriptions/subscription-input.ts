/** From what a caller wrote to the settings of a subscription. */
import { clashingHeader } from '../../domain/signature-choices.ts';
import { DEFAULT_CHOICES, type SubscriptionSettings } from '../../domain/subscription.ts';
import type { TargetChecks } from '../deps.ts';
import { invalid } from '../problems.ts';
import { changedContent } from './content-input.ts';
import { changedDestination } from './destination-input.ts';
import { changedExpiry } from './lifetime.ts';
import { signingOf } from './secret-input.ts';
import { HIDDEN } from './shown-headers.ts';
import type { ChangeSubscriptionInput, CreateSubscriptionInput } from './subscription-schema.ts';

/** @throws Problem `target_not_allowed` or `validation_failed` */
export function newSettings(
  input: CreateSubscriptionInput,
  checks: TargetChecks,
): SubscriptionSettings {
  const defaults: SubscriptionSettings = {
    ...DEFAULT_CHOICES,
    eventTypes: [],
    destination: { kind: 'webhook', url: '' },
    signing: signingOf(input, DEFAULT_CHOICES.signing),
  };
  return changedSettings(defaults, input, checks);
}

/** The settings with those fields replaced that the caller gave; each one as a whole. */
export function changedSettings(
  current: SubscriptionSettings,
  input: ChangeSubscriptionInput,
  checks: TargetChecks,
): SubscriptionSettings {
  if (input.headers !== undefined) refuseHiddenValues(input.headers);
  const changed = {
    ...current,
    name: input.name === undefined ? current.name : input.name,
    eventTypes: eventTypesOf(input) ?? current.eventTypes,
    ...changedDestination(current, input, checks),
    retryScheduleSeconds: input.retry_schedule ?? current.retryScheduleSeconds,
    timeoutMs: input.timeout_ms ?? current.timeoutMs,
    rateLimit: input.rate_limit === undefined ? current.rateLimit : input.rate_limit,
    maxInFlight: input.max_in_flight ?? current.maxInFlight,
    ordered: input.ordered ?? current.ordered,
    expiresAt: changedExpiry(current.expiresAt, input),
    headers: input.headers ?? current.headers,
    signatures: input.signatures ?? current.signatures,
    metadata: input.metadata ?? current.metadata,
    sourceId: input.source_id === undefined ? current.sourceId : input.source_id,
    ...changedContent(current, input),
  };
  refuseClashes(changed, input);
  return changed;
}

/** Two parts of a request can't stand in one header, whichever of them was there before. */
function refuseClashes(
  { signatures, headers }: SubscriptionSettings,
  input: ChangeSubscriptionInput,
): void {
  const name = clashingHeader(signatures, Object.keys(headers));
  if (name === undefined) return;
  const pointer = input.signatures === undefined ? '/headers' : '/signatures';
  const detail = `the header ${name} can't hold both a signature and a value of yours`;
  throw invalid({ pointer, code: 'conflicting_field', detail });
}

function eventTypesOf(input: ChangeSubscriptionInput): readonly string[] | undefined {
  return input.event_type === undefined ? input.event_types : [input.event_type];
}

/** What was read back must not overwrite the value it stands for. */
function refuseHiddenValues(headers: Readonly<Record<string, string>>): void {
  const name = Object.keys(headers).find((key) => headers[key] === HIDDEN);
  if (name === undefined) return;
  const detail = `${HIDDEN} stands for a value that is not shown; give the real one`;
  throw invalid({ pointer: `/headers/${name}`, code: 'hidden_value', detail });
}
