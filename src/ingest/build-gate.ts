/**
 * Makes a source ready for its requests. Also how the API checks settings before it stores them: a
 * source that can't be built here is refused with the field that is to blame.
 */
import { checkEventType, isOperationalEventType } from '../domain/event-type.ts';
import { DEFAULT_INBOUND_BODY_BYTES } from '../domain/limits-ingest.ts';
import { createRateLimit } from '../domain/rate-limit.ts';
import { liveSecrets, type Source } from '../domain/source.ts';
import { compileVerifier } from '../protocol/inbound/compile.ts';
import { locate, parseLocator, type ValueLocator } from '../protocol/inbound/locate.ts';
import type { InboundRequest } from '../protocol/inbound/request.ts';
import { signsLocated } from '../protocol/inbound/signed-parts.ts';
import type { InboundVerifier, KeySource } from '../protocol/inbound/verifier.ts';
import type { Provider } from '../protocol/providers/provider.ts';
import { certificateRule } from './certificate-rule.ts';
import { identify } from './dedupe.ts';
import { EventTypeNames } from './event-type.ts';
import type { Content, Gate } from './gate.ts';
import { bringsSecret, buildHandshake, NO_SECRET_YET } from './handshakes.ts';
import { fieldTree } from './kept-fields.ts';
import { parseNetworks, type Networks } from './networks.ts';
import type { Reply } from './port.ts';
import { checkConfig, configText, providerOf, textConfig } from './source-provider.ts';
import { blaming, SourceFault } from './source-fault.ts';

export interface GateOptions {
  readonly keys: KeySource;
  /** Null where no proxy stands in front. */
  readonly trustedProxies: Networks | null;
}

/**
 * @param now wall clock, milliseconds: for the secrets that are live.
 * @throws SourceFault for settings or secrets that can't be used.
 */
export function buildGate(source: Source, options: GateOptions, now: number): Gate {
  const provider = providerOf(source);
  checkConfig(source, provider);
  const live = liveSecrets(source, now);
  const { rateLimit, maxBodyBytes, fields } = source;
  return {
    source,
    networks: networksOf(source, provider),
    certificate: certificateRule(source.config, options.trustedProxies),
    rate: rateLimit === null ? null : createRateLimit(rateLimit),
    maxBodyBytes: maxBodyBytes ?? DEFAULT_INBOUND_BODY_BYTES,
    takesType: typeRule(provider.bodyTypes),
    verifier: verifierOf(
      { ...source, secrets: live.map(({ text }) => text) },
      provider,
      options.keys,
    ),
    handshake: buildHandshake(source, provider, now),
    failureStatus: provider.authFailureStatus,
    eventTypeOf: eventTypes(source, provider),
    identify: identities(source, provider),
    fields: fields === null ? null : blaming('/fields', () => fieldTree(fields)),
    accepted: acceptedReply(source, provider),
    until: live.reduce((least, { endsAt }) => Math.min(least, endsAt ?? least), FOREVER),
  };
}

function networksOf({ ipAllowlist }: Source, { name, ipRanges }: Provider): Networks | null {
  if (ipAllowlist.length === 0) return null;
  const entries = ipAllowlist.flatMap((entry) => (entry === 'provider' ? ipRanges : [entry]));
  if (ipAllowlist.includes('provider') && ipRanges.length === 0) {
    const message = `"provider" stands for published networks, and none of ${name} are known`;
    throw new SourceFault('/ip_allowlist', message);
  }
  return blaming('/ip_allowlist', () => parseNetworks(entries));
}

function verifierOf(
  { allowUnsigned, secrets, config }: Source,
  provider: Provider,
  keys: KeySource,
): InboundVerifier | null {
  const { name, scheme } = provider;
  if (allowUnsigned) {
    if (secrets.length === 0) return null;
    const message = 'must be false where there is a secret: with one, every request is verified';
    throw new SourceFault('/allow_unsigned', message);
  }
  if (scheme.kind === 'none') {
    const message =
      `${name} does not sign, so anybody who knows the URL could send. If that is what you want, ` +
      'set it to true, and limit senders with ip_allowlist or config.client_certificate';
    throw new SourceFault('/allow_unsigned', message);
  }
  if (secrets.length === 0 && bringsSecret(provider)) return NO_SECRET_YET;
  const tolerance = config['tolerance_seconds'];
  const toleranceSeconds = typeof tolerance === 'number' ? tolerance : undefined;
  const verifying = { secrets, config: textConfig(config), keys, toleranceSeconds };
  return blaming('/secret', () => compileVerifier(scheme, verifying));
}

function typeRule(bodyTypes: readonly string[]): Gate['takesType'] {
  if (bodyTypes.includes('*')) return () => true;
  const taken = new Set(bodyTypes);
  const takesJson = taken.has('application/json');
  return (type) => taken.has(type) || (takesJson && type.endsWith('+json'));
}

type ValueOf = (request: InboundRequest, content: Content) => string | undefined;

/** What the owner wrote comes before what the provider's entry says. */
function located(source: Source, setting: string, own: ValueLocator | null): ValueOf {
  const text = configText(source.config, setting);
  const locator =
    text === undefined ? own : blaming(`/config/${setting}`, () => parseLocator(text));
  if (locator === null) return () => undefined;
  return (request, { json }) => locate(locator, request, json);
}

function eventTypes(source: Source, provider: Provider): Gate['eventTypeOf'] {
  const fixed = configText(source.config, 'event_type');
  if (fixed !== undefined) {
    const fault = checkEventType(fixed);
    if (fault !== undefined) throw new SourceFault('/config/event_type', fault);
    if (isOperationalEventType(fixed)) {
      throw new SourceFault('/config/event_type', 'types that begin with "bellwire" are our own');
    }
    return () => fixed;
  }
  const names = new EventTypeNames(provider.id);
  const ownType = located(source, 'event_type_from', provider.eventType);
  return (request, content) => names.nameOf(ownType(request, content));
}

function identities(source: Source, provider: Provider): Gate['identify'] {
  const idOf = located(source, 'event_id_from', provider.eventId);
  const text = configText(source.config, 'event_id_from');
  const { scheme } = provider;
  const signsEventId =
    text === undefined ? provider.signsEventId : signsLocated(scheme, parseLocator(text));
  const { repeatsAreEvents } = provider;
  const rules = { chosen: source.dedupe, signsEventId, repeatsAreEvents };
  return (request, content) => identify(request, content.data, idOf(request, content), rules);
}

function acceptedReply(source: Source, provider: Provider): Reply {
  const { status, contentType, body } = source.reply ?? provider.reply ?? NOTHING;
  const text = body ?? '';
  const type = contentType ?? 'text/plain; charset=utf-8';
  return {
    kind: 'reply',
    status,
    headers: {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(text !== '' && { 'content-type': type }),
    },
    body: text,
  };
}

const FOREVER = Number.POSITIVE_INFINITY;

const NOTHING = { status: 200, contentType: null, body: null };
