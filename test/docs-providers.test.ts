/** docs/providers.md, written from the catalogue. UPDATE_DOCS=1 npm test rewrites it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertGenerated } from '../src/api/testing/generated-file.ts';
import type { CodeScheme } from '../src/protocol/inbound/code/scheme.ts';
import { compileVerifier } from '../src/protocol/inbound/compile.ts';
import { parseCustomScheme } from '../src/protocol/inbound/custom.ts';
import type { HandshakeDescription } from '../src/protocol/inbound/handshake/description.ts';
import type {
  SchemeDescription,
  SignaturePlace,
  SignedScheme,
  TimestampRule,
  TokenScheme,
} from '../src/protocol/inbound/scheme.ts';
import { PROVIDERS } from '../src/protocol/providers/catalogue.ts';
import type { Confidence, Provider } from '../src/protocol/providers/provider.ts';

const CODE: Readonly<Record<CodeScheme['name'], string>> = {
  'jwt-body-hash': 'JWT (HS256) with the hash of the body',
  jwt: 'JWT (RS256) by published keys; not the body',
  'token-and-jwt': 'token, and a JWT where one is set up; not the body',
  'security-event-token': 'signed token that is the body (RFC 8417)',
  'http-signature': 'HTTP message signature (RFC 9421) with a digest of the body',
  sns: 'RSA over fields of the body, by a certificate of SNS',
  paypal: 'RSA over id, time, webhook id and CRC-32 of the body',
  plaid: 'JWT (ES256) with the hash of the body',
  twilio: 'HMAC-SHA1 over URL and form, or URL with the hash of the body',
  'adyen-items': 'HMAC-SHA256 over eight fields of each item',
  'hubspot-v3': 'HMAC-SHA256 over method, URL, body and time',
  'hubspot-v1v2': 'plain SHA-256 behind the secret',
  'browser-use': 'HMAC-SHA256 over time and canonical JSON',
  manus: 'RSA over time, URL and hash of the body, by a published key',
  fal: 'ed25519 over ids, time and hash of the body, by published keys',
  'dropbox-sign': 'HMAC-SHA256 over time and type; not the rest of the body',
  'microsoft-graph': 'clientState in each item, and JWTs where there is data',
  worldpay: 'HMAC-SHA256 of the body, `<key id>/SHA256/<hex>`',
};

const HANDSHAKES: Readonly<Record<HandshakeDescription['kind'], string>> = {
  'json-challenge': 'repeats a challenge in the body',
  websub: 'repeats `hub.challenge`',
  meta: 'repeats `hub.challenge` for the verify token',
  'cloudevents-options': 'OPTIONS, allows the origin',
  'query-echo': 'repeats a token in the URL',
  'ssf-verification': 'takes a verification event',
  head: 'answers HEAD',
  'discord-ping': 'answers the ping',
  zoom: 'signs a token in the body',
  'x-crc': 'signs a token in the URL',
  'header-echo': 'repeats a header, which is the secret',
  'token-delivery': 'takes the secret',
  'header-to-json': 'repeats a header as JSON',
  sns: 'visits the confirmation URL',
  'event-grid': 'repeats a code',
  'unsigned-form-ping': 'answers an unsigned form',
};

const CONFIDENCE: Readonly<Record<Confidence, string>> = {
  'verified-primary': 'vendor',
  'verified-secondary': 'others',
  memory: 'memory',
  given: 'ours',
};

test('docs/providers.md lists the catalogue', async () => {
  const page = [
    '# Providers',
    '',
    '<!-- Written from src/protocol/providers/ by test/docs-providers.test.ts. -->',
    '<!-- Do not edit: change the code and run UPDATE_DOCS=1 npm test. -->',
    '',
    `A source names one of these ${PROVIDERS.length} providers, and its requests are verified the`,
    'way that provider signs. For any other sender there is the',
    '[scheme language](guides/schemes.md).',
    '',
    '- **verified**: what a request must have. `±300 s` says how far its signed time may be off.',
    '- **duplicate by**: what repeated deliveries of one event have in common. An id that is not',
    '  signed counts together with the bytes of the body, since whoever replays a request could',
    '  change it.',
    '- **from**: where the facts were read. *vendor*: documentation, source or specification;',
    '  *others*: catalogues and guides; *memory*: not checked; *ours*: our own. Fields that are',
    '  less sure than that stand behind it.',
    ...categories().flatMap((category) => table(category)),
    '',
  ];
  await assertGenerated('docs/providers.md', page.join('\n'));
});

test('the example of the guide to schemes verifies', () => {
  const guide = readFileSync(new URL('../docs/guides/schemes.md', import.meta.url), 'utf8');
  const [, scheme = ''] = /```json\n(.*?)```/s.exec(guide) ?? [];
  const [, header = '', body = ''] = /X-Acme-Signature: (ts=.*)\n\n(.*)\n```/.exec(guide) ?? [];
  const [, secret = ''] = /Signed with `(.*?)`/.exec(guide) ?? [];
  const verifier = compileVerifier(parseCustomScheme(JSON.parse(scheme)), {
    secrets: [secret],
    config: {},
    keys: { document: () => Promise.reject(new Error('No key is fetched here')) },
  });
  const request = {
    method: 'POST',
    url: 'https://hooks.example.com/in/x',
    headers: (name: string) => (name === 'x-acme-signature' ? header : undefined),
    body: Buffer.from(body),
  };
  const now = Date.parse('2025-01-01T00:00:00Z');
  assert.deepEqual(verifier.verify(request, now), { ok: true, secret: 0 });
  assert.notDeepEqual(verifier.verify(request, now + 301_000), { ok: true, secret: 0 });
});

function categories(): readonly string[] {
  return [...new Set(PROVIDERS.map(({ category }) => category))];
}

function table(category: string): string[] {
  return [
    '',
    `## ${category}`,
    '',
    '| provider | name | verified | duplicate by | handshake | from |',
    '|---|---|---|---|---|---|',
    ...PROVIDERS.filter((provider) => provider.category === category).map(row),
  ];
}

function row(provider: Provider): string {
  const { id, name, scheme, handshake, confidence, unverifiedFields } = provider;
  const unsure = unverifiedFields.length === 0 ? '' : `; not ${unverifiedFields.join(', ')}`;
  const cells = [
    `\`${id}\``,
    name,
    schemeText(scheme),
    duplicateText(provider),
    handshake === null ? '' : HANDSHAKES[handshake.kind],
    CONFIDENCE[confidence] + unsure,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function duplicateText({ eventId, signsEventId, repeatsAreEvents }: Provider): string {
  if (repeatsAreEvents) return 'nothing: each request is an event';
  if (eventId === null) return 'body';
  const places = eventId.text.replaceAll(' | ', '`, else `');
  return `\`${places}\`${signsEventId ? '' : ' and body'}`;
}

function schemeText(scheme: SchemeDescription): string {
  switch (scheme.kind) {
    case 'code':
      return CODE[scheme.name];
    case 'none':
      return 'nothing';
    case 'token':
      return `token in ${tokenPlace(scheme.at)}; not the body`;
    case 'any':
      return scheme.of.map(schemeText).join('; or ');
    case 'hmac':
      return `HMAC-${scheme.hash.toUpperCase()} ${signedText(scheme)}`;
    case 'hash':
      return `${scheme.hash.toUpperCase()} ${signedText(scheme)}`;
    case 'signature':
      return `${scheme.algorithm} ${signedText(scheme)}`;
  }
}

function signedText({ content, signature, timestamp }: SignedScheme): string {
  return `of \`${content}\` in ${signaturePlace(signature.at)}${timeText(timestamp)}`;
}

function timeText(timestamp: TimestampRule | null): string {
  return timestamp === null ? '' : `, ±${timestamp.toleranceSeconds} s`;
}

function signaturePlace(at: SignaturePlace): string {
  if ('json' in at) return `the body, \`${at.json}\``;
  if ('query' in at) return `the URL, \`${at.query}\``;
  const [first = '', ...others] = at.headers.map(plain);
  return `\`${first}\`${others.length > 1 ? ' …' : others.map((name) => `, \`${name}\``).join('')}`;
}

function tokenPlace(at: TokenScheme['at']): string {
  if ('basic' in at) return '`authorization` (Basic)';
  if ('query' in at) return `the URL, \`${plain(at.query)}\``;
  if ('json' in at) return `the body, \`${at.json}\``;
  return `\`${plain(at.header)}\``;
}

/** The default of a name that the source may choose. */
function plain(text: string): string {
  return text.replaceAll(/\{config\.\w+\|([^{}]*)\}/g, '$1');
}
