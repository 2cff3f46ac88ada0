/** Completes an entry of the catalogue with what most providers have in common. */
import type { HandshakeDescription } from '../inbound/handshake/description.ts';
import { parseLocator } from '../inbound/locate.ts';
import type { SchemeDescription } from '../inbound/scheme.ts';
import { signsLocated } from '../inbound/signed-parts.ts';
import type { Confidence, Provider, ProviderReply, ProviderSetting } from './provider.ts';

const JSON_TYPE = 'application/json';

export interface ProviderFacts {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly scheme: SchemeDescription;
  /** Locators as text; left out where the request does not say. */
  readonly type?: string;
  readonly event?: string;
  /** For schemes in code, which do not say by themselves what they cover. */
  readonly signsEventId?: boolean;
  readonly repeatsAreEvents?: boolean;
  readonly handshake?: HandshakeDescription;
  readonly reply?: ProviderReply;
  readonly authFailureStatus?: Provider['authFailureStatus'];
  /** Default JSON alone. */
  readonly bodyTypes?: readonly string[];
  readonly retry?: string;
  readonly settings?: readonly ProviderSetting[];
  readonly secretHint: string;
  readonly confidence: Confidence;
  readonly unverifiedFields?: readonly string[];
  readonly documentation: string;
  readonly notes: string;
}

/** @throws TypeError for a locator that can't be read. */
export function provider(facts: ProviderFacts): Provider {
  const { type, event, signsEventId, ...own } = facts;
  const eventId = event === undefined ? null : parseLocator(event);
  return {
    repeatsAreEvents: false,
    handshake: null,
    reply: null,
    authFailureStatus: 401,
    bodyTypes: [JSON_TYPE],
    retry: null,
    // None of the sources that were read prints networks.
    ipRanges: [],
    settings: [],
    unverifiedFields: [],
    ...own,
    eventType: type === undefined ? null : parseLocator(type),
    eventId,
    signsEventId: signsEventId ?? (eventId !== null && signsLocated(facts.scheme, eventId)),
  };
}
