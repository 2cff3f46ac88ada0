/** Known answers of providers, and what becomes of them when they are changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileVerifier } from '../inbound/compile.ts';
import type { InboundRequest } from '../inbound/request.ts';
import type { InboundVerdict } from '../inbound/verifier.ts';
import { findProvider } from './catalogue.ts';
import { DERIVED_VECTORS } from './derived.vectors.ts';
import { PUBLISHED_VECTORS } from './published.vectors.ts';
import type { ProviderVector } from './vector.vectors.ts';

const VECTORS = [...PUBLISHED_VECTORS, ...DERIVED_VECTORS];
const encoder = new TextEncoder();
const noKeys = { document: () => Promise.reject(new Error('No key is fetched here')) };

/** What may be changed in a vector. */
interface Changes {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly url?: string;
  readonly secret?: string;
  readonly now?: number;
}

function schemeOf(vector: ProviderVector) {
  const provider = findProvider(vector.provider);
  assert.ok(provider, vector.provider);
  return provider.scheme;
}

function judge(vector: ProviderVector, changes: Changes = {}): Promise<InboundVerdict> {
  const { headers, body, url, secret, now } = { ...vector, ...changes };
  const verifier = compileVerifier(schemeOf(vector), {
    secrets: [secret],
    config: {},
    keys: noKeys,
  });
  const request: InboundRequest = {
    method: vector.method ?? 'POST',
    url,
    headers: (name) => headers[name],
    body: encoder.encode(body),
  };
  return Promise.resolve(verifier.verify(request, now * 1_000));
}

/** The last character is exchanged; the alphabet stays. */
function changed(text: string): string {
  const at = Math.floor(text.length / 2);
  const other = text[at] === 'a' ? 'b' : 'a';
  return text.slice(0, at) + other + text.slice(at + 1);
}

async function mustRefuse(vector: ProviderVector, changes: Changes, what: string): Promise<void> {
  const verdict = await judge(vector, changes);
  assert.equal(verdict.ok, false, `${vector.provider}: ${what}`);
}

/** Another secret of the same form: key material of providers has four forms. */
const OTHER_SECRETS: Readonly<Record<string, string>> = {
  'standard-webhooks-ed25519': 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  telnyx: '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  sendgrid:
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/' +
    'm47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==',
  'web-bot-auth': JSON.stringify({
    kty: 'OKP',
    crv: 'Ed25519',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  }),
  'adyen-payments': 'AB'.repeat(32),
  'adyen-platform': 'AB'.repeat(32),
};

function otherSecret({ provider, secret }: ProviderVector): string {
  if (secret.startsWith('whsec_')) return `whsec_${btoa('another secret, as long as it is!')}`;
  return OTHER_SECRETS[provider] ?? btoa('another secret');
}

/** Headers that a scheme neither signs nor reads. */
const UNSIGNED_HEADERS = new Set(['sentry sentry-hook-timestamp']);
/** Between two signatures of which either may fail. */
const SECOND_SIGNATURE = ' v1,';
/** Signatures that do not cover the body byte for byte. */
const BODY_FREE = new Set(['adyen-payments']);

test('84 known answers are here', () => assert.equal(VECTORS.length, 84));

for (const [index, vector] of VECTORS.entries()) {
  const title = `${vector.provider} (${vector.origin}, ${index + 1})`;

  test(`${title} is believed`, async () => {
    const verdict = await judge(vector);
    assert.ok(verdict.ok, JSON.stringify(verdict));
  });

  test(`${title} is refused with another secret`, async () => {
    await mustRefuse(vector, { secret: otherSecret(vector) }, 'another secret');
  });

  test(`${title} is refused with any header missing, empty, cut or changed`, async () => {
    for (const [name, value] of Object.entries(vector.headers)) {
      const isFree = UNSIGNED_HEADERS.has(`${vector.provider} ${name}`);
      if (isFree || value.includes(SECOND_SIGNATURE)) continue;
      const others = Object.fromEntries(
        Object.entries(vector.headers).filter(([other]) => other !== name),
      );
      await mustRefuse(vector, { headers: others }, `without ${name}`);
      for (const wrong of ['', changed(value), value.slice(0, -1), `${value}, ${value}`]) {
        await mustRefuse(vector, { headers: { ...others, [name]: wrong } }, `${name}: ${wrong}`);
      }
    }
  });

  if (!BODY_FREE.has(vector.provider)) {
    test(`${title} is refused with another body`, async () => {
      for (const body of [`${vector.body} `, ` ${vector.body}`, changed(vector.body || 'xxx')]) {
        await mustRefuse(vector, { body }, `body ${body}`);
      }
    });
  }
}
