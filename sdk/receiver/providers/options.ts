/** Senders of the provider catalogue, as a receiver is told about them. */
import { parseCustomScheme } from '../../../src/protocol/inbound/custom.ts';
import { findProvider, PROVIDERS } from '../../../src/protocol/providers/catalogue.ts';
import type { Provider } from '../../../src/protocol/providers/provider.ts';

/** A provider with secrets and settings of its own. */
export interface ProviderScheme {
  /** An id of the catalogue (`github`, `stripe`, …), `custom` or `none`. */
  readonly provider: string;
  /** Default: those of the receiver. */
  readonly secret?: string;
  readonly secrets?: readonly string[];
  /**
   * As the `config` of a source of the server: the provider's own settings, and for any provider
   * `event_type`, `event_type_from`, `event_id_from`, `tolerance_seconds`; `scheme` for `custom`.
   */
  readonly config?: ProviderConfig;
}

export type ProviderConfig = Readonly<Record<string, unknown>>;

/** A scheme in the language of `custom` sources: short for `provider: 'custom'`. */
export interface SchemeObject {
  readonly kind: string;
  readonly [member: string]: unknown;
}

/** What is done with one provider: its entry, and what the owner adds to it. */
export interface ProviderChoice extends ReceiverDefaults {
  readonly provider: Provider;
}

/** What the receiver says for all its providers. */
export interface ReceiverDefaults {
  readonly secrets: readonly string[];
  readonly config: ProviderConfig;
  readonly allowUnsigned: boolean;
  /** Undefined leaves it to the provider. */
  readonly toleranceSeconds: number | undefined;
}

/** A day: what is older is a replay. */
const MAX_TOLERANCE_SECONDS = 86_400;
const COMMON_SETTINGS = ['event_type', 'event_type_from', 'event_id_from', 'tolerance_seconds'];

/** What every sender of one's own has in common. */
const OWN: Omit<Provider, 'id' | 'name' | 'settings'> = {
  category: 'generic',
  scheme: { kind: 'none' },
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
  secretHint: 'Whatever the sender signs with.',
  confidence: 'given',
  unverifiedFields: [],
  documentation: '',
  notes: '',
};
const SCHEME_SETTING = { name: 'scheme', required: true, meaning: 'How requests are signed.' };
const CUSTOM: Provider = { ...OWN, id: 'custom', name: 'Your sender', settings: [SCHEME_SETTING] };
const NONE: Provider = { ...OWN, id: 'none', name: 'An unsigned sender', settings: [] };

/** @throws TypeError for a provider or a setting that nobody knows, or a scheme with a mistake. */
export function chooseProvider(
  scheme: string | ProviderScheme | SchemeObject,
  defaults: ReceiverDefaults,
): ProviderChoice {
  const { provider: id, config = defaults.config, ...own } = wantedOf(scheme, defaults);
  const entry = entryOf(id);
  checkConfig(entry, config);
  return {
    provider: entry === CUSTOM ? { ...CUSTOM, scheme: parseCustomScheme(config['scheme']) } : entry,
    secrets: own.secrets ?? (own.secret === undefined ? defaults.secrets : [own.secret]),
    config,
    allowUnsigned: defaults.allowUnsigned,
    toleranceSeconds: toleranceOf(config) ?? defaults.toleranceSeconds,
  };
}

function wantedOf(
  scheme: string | ProviderScheme | SchemeObject,
  { config }: ReceiverDefaults,
): ProviderScheme {
  if (typeof scheme === 'string') return { provider: scheme };
  if (isProviderScheme(scheme)) return scheme;
  return { provider: 'custom', config: { ...config, scheme } };
}

function isProviderScheme(scheme: ProviderScheme | SchemeObject): scheme is ProviderScheme {
  return typeof scheme['provider'] === 'string';
}

function entryOf(id: string): Provider {
  const entry = findProvider(id) ?? [CUSTOM, NONE].find((own) => own.id === id);
  if (entry !== undefined) return entry;
  const near = PROVIDERS.filter((one) => one.id.startsWith(id.slice(0, 3))).map((one) => one.id);
  const hint = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`;
  throw new TypeError(`There is no provider "${id}" in the catalogue${hint}`);
}

function checkConfig({ name, settings }: Provider, config: ProviderConfig): void {
  for (const setting of settings) {
    if (!setting.required || config[setting.name] !== undefined) continue;
    throw new TypeError(`${name} needs config.${setting.name}: ${setting.meaning}`);
  }
  const known = [...settings.map((setting) => setting.name), ...COMMON_SETTINGS];
  for (const key of Object.keys(config)) {
    if (known.includes(key)) continue;
    throw new TypeError(`config.${key} is no setting of ${name}; known are: ${known.join(', ')}`);
  }
}

function toleranceOf({ tolerance_seconds: seconds }: ProviderConfig): number | undefined {
  if (seconds === undefined) return undefined;
  if (typeof seconds === 'number' && seconds >= 1 && seconds <= MAX_TOLERANCE_SECONDS) {
    return seconds;
  }
  throw new TypeError(`config.tolerance_seconds must be 1 to ${MAX_TOLERANCE_SECONDS}`);
}

/** Those settings that schemes and handshakes read. */
export function textConfig(config: ProviderConfig): Record<string, string> {
  const entries = Object.entries(config).filter(([, value]) => typeof value !== 'object');
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
