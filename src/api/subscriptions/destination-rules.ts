/** Which settings go with which kind of destination: what signs and greets is for webhooks. */
import { endpointsOf } from '../../domain/broker-url.ts';
import type { DestinationSpec } from '../../domain/destination.ts';
import { DEFAULT_CHOICES, type SubscriptionSettings } from '../../domain/subscription.ts';
import { invalid } from '../problems.ts';
import type { ChangeSubscriptionInput, CreateSubscriptionInput } from './subscription-schema.ts';
import type { ChallengeWish } from './verification.ts';

type Input = ChangeSubscriptionInput & Pick<CreateSubscriptionInput, 'secret' | 'signing'>;

/** Why each of these can't be chosen for anything but a webhook. */
const WEBHOOK_ONLY: readonly (readonly [field: keyof Input, detail: string])[] = [
  ['auth', 'is for webhooks; credentials of this kind stand in destination.credentials or its URL'],
  ['signatures', 'are for webhooks; who may write to the broker is up to the broker'],
  ['signing', 'is for webhooks; messages to this kind of destination are not signed'],
  ['secret', 'is for webhooks; messages to this kind of destination are not signed'],
];

/**
 * The settings with everything taken away that belonged to a webhook before.
 *
 * @throws Problem `validation_failed` for what the caller chose and can't be had.
 */
export function fittedToDestination(
  settings: SubscriptionSettings,
  input: Input,
): SubscriptionSettings {
  const { destination } = settings;
  if (destination.kind === 'webhook') return { ...settings, credentials: null };
  for (const [field, detail] of WEBHOOK_ONLY) {
    const wanted = input[field];
    if (wanted !== undefined && wanted !== null) throw misfit(`/${field}`, detail);
  }
  if (input.challenge === true) {
    throw misfit('/challenge', 'is for webhooks; a broker says what it thinks of its credentials');
  }
  if (settings.payloadFormat === 'cloudevents_binary') {
    const pointer = input.payload_format === undefined ? '/destination' : '/payload_format';
    throw misfit(pointer, 'cloudevents_binary is for webhooks; use "cloudevents"');
  }
  if (input.client_certificate && !speaksTls(destination)) {
    const detail = 'is shown over TLS only: amqps://, tls://, rediss:// or "tls": true';
    throw misfit('/client_certificate', detail);
  }
  return {
    ...settings,
    auth: null,
    clientCertificate: speaksTls(destination) ? settings.clientCertificate : null,
    signatures: DEFAULT_CHOICES.signatures,
  };
}

/** Nobody but the receiver of a webhook can be asked. */
export function fittedWish(destination: DestinationSpec, wish: ChallengeWish): ChallengeWish {
  return destination.kind === 'webhook' ? wish : { wanted: false, isRequired: false };
}

function speaksTls(destination: DestinationSpec): boolean {
  return endpointsOf(destination).some(({ tls }) => tls);
}

function misfit(pointer: string, detail: string): Error {
  return invalid({ pointer, code: 'webhook_only', detail });
}
