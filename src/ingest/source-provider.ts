/** The provider of a source, and whether its `config` is what that provider asks for. */
import type { Source } from '../domain/source.ts';
import { parseCustomScheme } from '../protocol/inbound/custom.ts';
import type { HandshakeDescription } from '../protocol/inbound/handshake/description.ts';
import type { SchemeDescription } from '../protocol/inbound/scheme.ts';
import { findProvider } from '../protocol/providers/catalogue.ts';
import type { Provider, ProviderSetting } from '../protocol/providers/provider.ts';
import { SourceFault } from './source-fault.ts';

/** What any source may have in its `config`. */
export const COMMON_SETTINGS: readonly ProviderSetting[] = [
  {
    name: 'event_type',
    required: false,
    meaning: 'The type of all its events, instead of the provider’s own types.',
  },
  {
    name: 'event_type_from',
    required: false,
    meaning: 'Where the provider’s type stands: `json:type`, `header:x-event`.',
  },
  {
    name: 'event_id_from',
    required: false,
    meaning: 'Where the provider’s event id stands: `json:id`, `header:x-id`.',
  },
  {
    name: 'tolerance_seconds',
    required: false,
    meaning: 'How far the signed time may be off; a number, 1 to 86400.',
  },
  {
    name: 'client_certificate',
    required: false,
    meaning: 'Mutual TLS: `{"fingerprint_sha256": …}` or `{"subject": …}` of who may send.',
  },
  {
    name: 'hydrate',
    required: false,
    meaning: 'Fetch the object that a thin event is about before it is routed.',
  },
];

const SCHEME_SETTING: ProviderSetting = {
  name: 'scheme',
  required: true,
  meaning: 'How requests are signed, in the scheme language; see the guide to receiving.',
};

/** Of senders whom the catalogue does not know. */
const OWN: Omit<Provider, 'id' | 'name' | 'scheme' | 'settings' | 'secretHint' | 'notes'> = {
  category: 'generic',
  eventType: null,
  eventId: null,
  signsEventId: false,
  repeatsAreEvents: false,
  handshake: null,
  reply: null,
  authFailureStatus: 401,
  bodyTypes: ['*'],
  retry: null,
  ipRanges: [],
  confidence: 'given',
  unverifiedFields: [],
  documentation: 'docs/guides/receiving.md',
};

const NONE: Provider = {
  ...OWN,
  id: 'none',
  name: 'An unsigned sender',
  scheme: { kind: 'none' },
  settings: [],
  secretHint: 'There is none: `allow_unsigned` must be true.',
  notes: 'Whoever knows the URL can send. Limit senders with `ip_allowlist`.',
};

const CUSTOM: Provider = {
  ...OWN,
  id: 'custom',
  name: 'A sender of your own',
  // Stands for what `config.scheme` says.
  scheme: { kind: 'none' },
  settings: [SCHEME_SETTING],
  secretHint: 'Whatever the sender signs with.',
  notes: 'The scheme language covers what most providers do.',
};

/** Beside those of the catalogue. */
export const OWN_PROVIDERS: readonly Provider[] = [CUSTOM, NONE];

/** An entry of the catalogue, `custom` or `none`. */
export function providerById(id: string): Provider | undefined {
  return findProvider(id) ?? OWN_PROVIDERS.find((provider) => provider.id === id);
}

/** @throws SourceFault for a provider that nobody knows, or a custom scheme with a mistake. */
export function providerOf({ provider: id, config }: Source): Provider {
  const provider = providerById(id);
  if (provider === undefined) {
    throw new SourceFault('/provider', `no provider is called "${id}"; see GET /v1/providers`);
  }
  if (provider !== CUSTOM) return provider;
  const { scheme } = config;
  if (scheme === undefined) throw missing(SCHEME_SETTING);
  return { ...CUSTOM, scheme: customScheme(scheme) };
}

function customScheme(json: unknown): SchemeDescription {
  try {
    return parseCustomScheme(json);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [, place = '', message = error.message] = /^(\/[^:]*): (.*)$/s.exec(error.message) ?? [];
    throw new SourceFault(`/config/scheme${place === '/' ? '' : place}`, message);
  }
}

/** What handshakes read, where the provider's entry does not say. */
const HANDSHAKE_SETTINGS: Readonly<Partial<Record<HandshakeDescription['kind'], string[]>>> = {
  websub: ['topic', 'allow_unsubscribe'],
  meta: ['verify_token'],
  'cloudevents-options': ['allowed_origins'],
  'ssf-verification': ['verification_state'],
};

/** @throws SourceFault for a setting that is missing, unknown, or of a form that nobody reads. */
export function checkConfig({ config }: Source, provider: Provider): void {
  const { id, name, settings, handshake } = provider;
  for (const setting of settings) {
    if (setting.required && config[setting.name] === undefined) throw missing(setting);
  }
  const known = [
    ...[...settings, ...COMMON_SETTINGS].map((setting) => setting.name),
    ...((handshake && HANDSHAKE_SETTINGS[handshake.kind]) ?? []),
  ];
  for (const [key, value] of Object.entries(config)) {
    // A scheme of one's own may name settings of one's own.
    if (!known.includes(key) && id !== CUSTOM.id) {
      const message = `is no setting of ${name}; known are: ${known.join(', ')}`;
      throw new SourceFault(`/config/${key}`, message);
    }
    if (typeof value === 'object' && !STRUCTURED.has(key)) {
      throw new SourceFault(`/config/${key}`, 'must be text, a number, true or false');
    }
  }
  checkTolerance(config['tolerance_seconds']);
}

const STRUCTURED: ReadonlySet<string> = new Set(['scheme', 'client_certificate', 'hydrate']);

const MAX_TOLERANCE_SECONDS = 86_400;

function checkTolerance(value: unknown): void {
  if (value === undefined) return;
  if (typeof value === 'number' && value >= 1 && value <= MAX_TOLERANCE_SECONDS) return;
  const message = `must be a number of seconds from 1 to ${MAX_TOLERANCE_SECONDS}`;
  throw new SourceFault('/config/tolerance_seconds', message);
}

function missing({ name, meaning }: ProviderSetting): SourceFault {
  return new SourceFault(`/config/${name}`, `is required: ${meaning}`);
}

/** A setting that is text. @throws SourceFault when it is something else. */
export function configText(
  config: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = config[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new SourceFault(`/config/${name}`, 'must be text that is not empty');
}

/** Those settings that schemes and handshakes read. */
export function textConfig(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(config).filter(([, value]) => typeof value !== 'object');
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
