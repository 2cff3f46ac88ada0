/**
 * Where the objects of well-known thin events are, as data. What a source's own `config.hydrate`
 * says goes before it.
 */

export interface HydrateRule {
  /** Patterns over the event type as Bellwire writes it: `openai.response.*`. */
  readonly events: readonly string[];
  /** `{json:data.id}` is filled in from the event, `{path:…}` a whole path. */
  readonly url: string;
}

export interface HydratePreset {
  /** Id of the provider. */
  readonly provider: string;
  readonly rules: readonly HydrateRule[];
  /** Templates: `{secret:name}` stands for one of the source's `credentials`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly documentation: string;
  /** How sure we are of it; as in the provider catalogue. */
  readonly confidence: 'verified-primary' | 'memory';
}

const BEARER = { authorization: 'Bearer {secret:api_key}' };

export const HYDRATE_PRESETS: readonly HydratePreset[] = [
  {
    provider: 'openai',
    rules: [
      { events: ['openai.response.*'], url: 'https://api.openai.com/v1/responses/{json:data.id}' },
      { events: ['openai.batch.*'], url: 'https://api.openai.com/v1/batches/{json:data.id}' },
      {
        events: ['openai.fine_tuning.job.*'],
        url: 'https://api.openai.com/v1/fine_tuning/jobs/{json:data.id}',
      },
    ],
    headers: BEARER,
    documentation: 'https://platform.openai.com/docs/guides/webhooks',
    confidence: 'memory',
  },
  {
    provider: 'anthropic',
    rules: [
      {
        events: ['anthropic.session.**'],
        url: 'https://api.anthropic.com/v1/sessions/{json:data.id}',
      },
      { events: ['anthropic.agent.**'], url: 'https://api.anthropic.com/v1/agents/{json:data.id}' },
      {
        events: ['anthropic.environment.**'],
        url: 'https://api.anthropic.com/v1/environments/{json:data.id}',
      },
    ],
    headers: {
      'x-api-key': '{secret:api_key}',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'managed-agents-2026-04-01',
    },
    documentation: 'https://platform.claude.com/docs/en/managed-agents/webhooks',
    confidence: 'memory',
  },
  {
    provider: 'stripe',
    rules: [
      {
        // Snapshot events have types of their own (`invoice.paid`); thin ones begin with a version.
        events: ['stripe.v1.**', 'stripe.v2.**'],
        url: 'https://api.stripe.com{path:related_object.url}',
      },
    ],
    headers: { ...BEARER, 'stripe-version': '2025-03-31.basil' },
    documentation: 'https://docs.stripe.com/event-destinations',
    confidence: 'memory',
  },
];

export function presetOf(provider: string): HydratePreset | undefined {
  return HYDRATE_PRESETS.find((preset) => preset.provider === provider);
}
