/** Protocols that any sender may speak. */
import { DEFAULT_TOLERANCE_SECONDS } from '../inbound/code/instants.ts';
import type { HmacScheme } from '../inbound/scheme.ts';
import { provider } from './entry.ts';
import type { Provider } from './provider.ts';
import { headerShape, headerTime, headerToken, standardShape } from './shapes.ts';

const ANY_BODY = ['*'];

/**
 * Under both names. One scheme, not two to choose from: otherwise an unsigned `svix-id` could be
 * added to a request that is signed under the other names, and would count as its id.
 */
const SVIX: HmacScheme = {
  ...standardShape('svix'),
  signature: {
    at: { headers: ['svix-signature', 'webhook-signature'] },
    layout: { kind: 'list', separator: ' ', prefix: 'v1,' },
    encoding: 'base64',
  },
  timestamp: {
    at: { header: 'svix-timestamp', otherwise: 'webhook-timestamp' },
    unit: 's',
    toleranceSeconds: DEFAULT_TOLERANCE_SECONDS,
  },
  idHeaders: ['svix-id', 'webhook-id'],
};

export const PROTOCOLS: readonly Provider[] = [
  provider({
    id: 'agent-signature',
    name: 'Generic agent scheme',
    category: 'generic',
    scheme: headerShape('x-agent-signature'),
    bodyTypes: ANY_BODY,
    secretHint: 'The secret that both sides agreed on.',
    confidence: 'given',
    documentation: 'Bellwire, docs/guides/signing.md',
    notes:
      'Bare lower-case hex, and no time: a recorded request stays valid. Standard Webhooks ' +
      'beside it closes that gap.',
  }),
  provider({
    id: 'standard-webhooks',
    name: 'Standard Webhooks v1 (symmetric)',
    category: 'protocol',
    scheme: standardShape(),
    type: 'json:type',
    event: 'header:webhook-id',
    bodyTypes: ANY_BODY,
    retry:
      'The specification suggests ten tries over about three days (0 s, 5 s, 5 min, 30 min, 2 h, ' +
      '5 h, 10 h, 14 h, 20 h, 24 h), each with 15 to 30 s to answer; 410 ends the subscription.',
    secretHint: 'Shown by the sender as whsec_ and base64.',
    confidence: 'verified-primary',
    documentation: 'github.com/standard-webhooks/standard-webhooks, specification and libraries',
    notes: 'A secret without whsec_ counts as plain text. Versions other than v1 are skipped.',
  }),
  provider({
    id: 'standard-webhooks-ed25519',
    name: 'Standard Webhooks v1a (ed25519)',
    category: 'protocol',
    scheme: {
      kind: 'signature',
      algorithm: 'ed25519',
      content: '{id}.{timestamp}.{body}',
      key: 'whpk',
      signature: {
        at: { headers: ['webhook-signature'] },
        layout: { kind: 'list', separator: ' ', prefix: 'v1a,' },
        encoding: 'base64',
      },
      timestamp: headerTime('webhook-timestamp'),
      idHeaders: ['webhook-id'],
    },
    type: 'json:type',
    event: 'header:webhook-id',
    bodyTypes: ANY_BODY,
    retry: 'As Standard Webhooks v1.',
    secretHint: "The sender's public key: whpk_ and base64. It is no secret.",
    confidence: 'verified-primary',
    documentation: 'Standard Webhooks specification; svix-webhooks README and tests',
    notes: 'Take the public key from somewhere you trust, never from a request.',
  }),
  provider({
    id: 'svix',
    name: 'Svix',
    category: 'webhook-platform',
    scheme: SVIX,
    type: 'json:type',
    event: 'header:svix-id | header:webhook-id',
    bodyTypes: ANY_BODY,
    retry:
      'Eight tries within about 28 hours (0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h), 15 s ' +
      'each; an endpoint that fails for five days is disabled.',
    secretHint: 'Signing secret of the endpoint: whsec_ and base64.',
    confidence: 'verified-primary',
    documentation: 'docs.svix.com, receiving and retries; svix-webhooks repository',
    notes:
      'Headers are named svix-* or, with white-label senders, webhook-*. During a rotation all ' +
      'live secrets sign.',
  }),
  provider({
    id: 'cloudevents',
    name: 'CloudEvents HTTP webhook',
    category: 'protocol',
    scheme: {
      kind: 'any',
      of: [
        headerToken('authorization', 'Bearer '),
        { kind: 'token', at: { query: 'access_token' } },
      ],
    },
    type: 'header:ce-type | json:type',
    event: 'header:ce-source + header:ce-id | json:source + json:id',
    handshake: { kind: 'cloudevents-options' },
    bodyTypes: ANY_BODY,
    retry:
      'Left to the sender, who must obey Retry-After with 429; 410 says that the endpoint is ' +
      'retired. Redirects are not followed.',
    settings: [
      {
        name: 'allowed_origins',
        required: false,
        meaning: 'Who may ask by OPTIONS (comma list of names); anyone who knows the URL if unset.',
      },
    ],
    secretHint: 'The token that you gave the sender.',
    confidence: 'verified-primary',
    documentation: 'cloudevents/spec: http-webhook.md and the HTTP protocol binding',
    notes:
      'Nothing signs the body: whoever sees the token can send anything. The token belongs into ' +
      'the Authorization header; in the URL it ends up in logs.',
  }),
  provider({
    id: 'websub',
    name: 'W3C WebSub content distribution',
    category: 'protocol',
    scheme: {
      kind: 'any',
      of: [
        headerShape('x-hub-signature', { prefix: 'sha256=' }),
        headerShape('x-hub-signature', { prefix: 'sha512=', hash: 'sha512' }),
        headerShape('x-hub-signature', { prefix: 'sha384=', hash: 'sha384' }),
        headerShape('x-hub-signature', { prefix: 'sha1=', hash: 'sha1' }),
      ],
    },
    handshake: { kind: 'websub' },
    bodyTypes: ANY_BODY,
    retry: 'Left to the hub; 410 may end the subscription. Redirects are not followed.',
    settings: [
      {
        name: 'topic',
        required: false,
        meaning: 'The topics you subscribe to (comma list). Until it is set, none is confirmed.',
      },
      {
        name: 'allow_unsubscribe',
        required: false,
        meaning: 'true confirms that you leave a topic; anyone can ask the hub for that.',
      },
    ],
    secretHint: 'The hub.secret that you sent when subscribing (shorter than 200 bytes).',
    confidence: 'verified-primary',
    documentation: 'W3C Recommendation WebSub',
    notes:
      'The hub chooses the hash. The standard lets a subscriber answer 2xx to a bad signature ' +
      'and ignore it; here it is refused.',
  }),
  provider({
    id: 'web-bot-auth',
    name: 'Web Bot Auth (RFC 9421 HTTP Message Signatures)',
    category: 'protocol',
    scheme: { kind: 'code', name: 'http-signature', params: { tag: 'web-bot-auth' } },
    event: 'header:signature',
    bodyTypes: ANY_BODY,
    settings: [
      {
        name: 'directory_url',
        required: false,
        meaning: 'https URL of the key directory of the agent that calls.',
      },
    ],
    secretHint: "The agent's public keys as JWK, or its key directory in config.directory_url.",
    confidence: 'verified-primary',
    documentation: 'RFC 9421; draft-meunier-webbotauth-httpsig-protocol; cloudflare/web-bot-auth',
    notes:
      'Says which agent calls rather than what happened. Keys are named by their JWK thumbprint; ' +
      'the time of signing and its end are parameters of the signature.',
  }),
  provider({
    id: 'secevent-push',
    name: 'RFC 8935 SET push / OpenID Shared Signals',
    category: 'protocol',
    scheme: { kind: 'code', name: 'security-event-token', params: {} },
    type: 'jwt:events',
    event: 'jwt:jti',
    signsEventId: true,
    handshake: { kind: 'ssf-verification' },
    reply: { status: 202 },
    authFailureStatus: 400,
    bodyTypes: ['application/secevent+jwt'],
    retry: 'Left to the transmitter; it may answer its own 429, and polling is the fallback.',
    settings: [
      { name: 'issuer', required: true, meaning: 'Who issues the tokens: their iss claim.' },
      { name: 'jwks_url', required: true, meaning: "https URL of the issuer's key set." },
      { name: 'audience', required: true, meaning: 'The aud claim that means you.' },
      { name: 'algorithm', required: false, meaning: 'JWS algorithm; RS256 when left out.' },
      {
        name: 'verification_state',
        required: false,
        meaning: 'What a verification event must carry as its state.',
      },
    ],
    secretHint: 'Optional: the credential that the transmitter sends in Authorization.',
    confidence: 'verified-primary',
    documentation: 'RFC 8417, RFC 8935, RFC 8936; OpenID Shared Signals Framework 1.0',
    notes: 'The body is the signed token. Types of events are URIs.',
  }),
];
