/** Tokens made by `jose` and LiveKit's package: what senders with JWTs put on the wire. */
import { createHash } from 'node:crypto';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';
import { AccessToken, WebhookReceiver } from 'livekit-server-sdk';
import { fakeKeys, INBOUND_URL } from '../../src/testing/inbound.ts';
import { judge } from './oracle.ts';
import type { Oracle, SignedRequest } from './oracle.ts';

const TWO = [
  'a secret that is long enough for HS256',
  'another secret as long as the first',
] as const;
const BODY = JSON.stringify({ type: 'MESSAGE', id: '1', message: { text: 'hello' } });
const seconds = (at: number) => Math.floor(at / 1000);
const hash = (body: string) => createHash('sha256').update(body);
/** A token that vouches for no body says nothing about one. */
const NO_BODY = { changes: [] } as const;

interface Pair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

async function published(alg: string): Promise<readonly [Pair, Pair]> {
  const make = () => generateKeyPair(alg, { extractable: true });
  return [await make(), await make()];
}

/** The two "secrets" name two worlds, in each of which another key is published. */
const WORLDS = ['one', 'two'] as const;
async function setOf(pairs: readonly [Pair, Pair], world: string, kid = 'k1') {
  const { publicKey } = world === WORLDS[0] ? pairs[0] : pairs[1];
  return { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] };
}

interface TokenOracle {
  readonly provider: string;
  readonly alg: 'RS256' | 'ES256';
  readonly header: string;
  readonly bearer: boolean;
  readonly keysUrl: string;
  readonly claims: JWTPayload;
  readonly audience: string;
  readonly config: Record<string, string>;
  readonly typ?: string;
}

async function bearerOracle(parts: TokenOracle): Promise<Oracle> {
  const { alg, header, bearer, claims, audience, config, keysUrl, typ = 'JWT' } = parts;
  const pairs = await published(alg);
  const sets = { one: await setOf(pairs, 'one'), two: await setOf(pairs, 'two') };
  const tokenOf = ({ headers }: SignedRequest) =>
    (headers[header] ?? '').slice(bearer ? 'Bearer '.length : 0);
  return {
    ...NO_BODY,
    package: 'jose',
    provider: parts.provider,
    body: BODY,
    secrets: WORLDS,
    signature: header,
    toleranceSeconds: 360,
    sign: async (_body, at) => {
      const jwt = await new SignJWT({ ...claims, aud: audience })
        .setProtectedHeader({ alg, kid: 'k1', typ })
        .setIssuedAt(seconds(at))
        .setExpirationTime(seconds(at) + 300)
        .sign(pairs[0].privateKey);
      return { headers: { [header]: bearer ? `Bearer ${jwt}` : jwt } };
    },
    accepts: async (request, world) => {
      const set = createLocalJWKSet(world === 'one' ? sets.one : sets.two);
      const issuer = claims.iss;
      const wanted = { audience, algorithms: [alg], ...(issuer === undefined ? {} : { issuer }) };
      await jwtVerify(tokenOf(request), set, wanted);
    },
    options: (world) => ({
      config,
      keys: fakeKeys({ [keysUrl]: JSON.stringify(world === 'one' ? sets.one : sets.two) }),
    }),
  };
}

const GOOGLE = 'https://www.googleapis.com/oauth2/v3/certs';
const TENANT = '0b9e3f4c-1111-4222-8333-944455566677';
const shared = { alg: 'RS256', header: 'authorization', bearer: true } as const;

judge(
  await bearerOracle({
    ...shared,
    provider: 'google-chat',
    keysUrl: 'https://www.googleapis.com/service_accounts/v1/jwk/chat@system.gserviceaccount.com',
    claims: { iss: 'chat@system.gserviceaccount.com' },
    audience: '1234567890',
    config: { audience: '1234567890' },
  }),
);

judge(
  await bearerOracle({
    ...shared,
    provider: 'google-chat',
    keysUrl: GOOGLE,
    claims: {
      iss: 'https://accounts.google.com',
      email: 'chat@system.gserviceaccount.com',
      email_verified: true,
    },
    audience: INBOUND_URL,
    config: {},
  }),
);

judge(
  await bearerOracle({
    ...shared,
    provider: 'google-pubsub',
    keysUrl: GOOGLE,
    claims: { iss: 'https://accounts.google.com', email: 'p@x.example', email_verified: true },
    audience: INBOUND_URL,
    config: { service_account: 'p@x.example' },
  }),
);

judge(
  await bearerOracle({
    ...shared,
    provider: 'gemini-dynamic',
    header: 'webhook-signature',
    bearer: false,
    keysUrl: 'https://generativelanguage.googleapis.com/.well-known/jwks.json',
    claims: {},
    audience: INBOUND_URL,
    config: {},
  }),
);

judge(
  await bearerOracle({
    ...shared,
    provider: 'azure-event-grid',
    keysUrl: `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`,
    claims: {
      iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      azp: '4962773b-9cdb-44cf-a8bf-237846a00ab7',
    },
    audience: 'api://bellwire',
    config: { tenant_id: TENANT, audience: 'api://bellwire' },
  }),
);

judge(
  await bearerOracle({
    ...shared,
    provider: 'a2a-v0.3',
    keysUrl: 'https://agent.example/jwks.json',
    claims: { iss: 'https://agent.example' },
    audience: INBOUND_URL,
    config: { jwks_url: 'https://agent.example/jwks.json', issuer: 'https://agent.example' },
  }),
);

// Tokens that vouch for the body.

judge({
  package: 'jose',
  provider: 'netlify',
  body: JSON.stringify({ id: 'deploy', state: 'ready' }),
  secrets: TWO,
  signature: 'x-webhook-signature',
  toleranceSeconds: null,
  sign: async (body, _at, secret) => ({
    headers: {
      'x-webhook-signature': await new SignJWT({ sha256: hash(body).digest('hex') })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer('netlify')
        .sign(new TextEncoder().encode(secret)),
    },
  }),
  accepts: async ({ body, headers }, secret) => {
    const key = new TextEncoder().encode(secret);
    const wanted = { issuer: 'netlify', algorithms: ['HS256'] };
    const { payload } = await jwtVerify(headers['x-webhook-signature'] ?? '', key, wanted);
    return payload['sha256'] === hash(body).digest('hex');
  },
});

judge({
  package: 'livekit-server-sdk',
  provider: 'livekit',
  body: JSON.stringify({ event: 'room_started', id: 'EV_1' }),
  secrets: TWO,
  signature: 'authorization',
  toleranceSeconds: 700,
  sign: async (body, at, secret) => {
    const sha256 = hash(body).digest('base64');
    const isNow = Math.abs(at - Date.now()) < 1000;
    if (isNow) {
      const token = new AccessToken('APIkey', secret, { ttl: '5m' });
      token.sha256 = sha256;
      return { headers: { authorization: await token.toJwt() } };
    }
    const old = await new SignJWT({ sha256 })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('APIkey')
      .setExpirationTime(seconds(at) + 300)
      .sign(new TextEncoder().encode(secret));
    return { headers: { authorization: old } };
  },
  accepts: async ({ body, headers }, secret) => {
    await new WebhookReceiver('APIkey', secret).receive(body, headers['authorization']);
  },
  changes: [(body) => `${body} `, (body) => body.replace('EV_1', 'EV_2')],
});

const plaidKeys = await published('ES256');
const plaidSets = { one: await setOf(plaidKeys, 'one'), two: await setOf(plaidKeys, 'two') };
judge({
  package: 'jose',
  provider: 'plaid',
  body: '{\n  "webhook_type": "TRANSACTIONS",\n  "webhook_code": "DEFAULT_UPDATE"\n}',
  secrets: WORLDS,
  signature: 'plaid-verification',
  toleranceSeconds: 300,
  sign: async (body, at) => ({
    headers: {
      'plaid-verification': await new SignJWT({ request_body_sha256: hash(body).digest('hex') })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'JWT' })
        .setIssuedAt(seconds(at))
        .sign(plaidKeys[0].privateKey),
    },
  }),
  accepts: async ({ body, headers }, world) => {
    const set = createLocalJWKSet(world === 'one' ? plaidSets.one : plaidSets.two);
    const wanted = { algorithms: ['ES256'], maxTokenAge: '5 min' };
    const { payload } = await jwtVerify(headers['plaid-verification'] ?? '', set, wanted);
    return payload['request_body_sha256'] === hash(body).digest('hex');
  },
  options: (world) => {
    const [key] = (world === 'one' ? plaidSets.one : plaidSets.two).keys;
    const url = 'https://production.plaid.com/webhook_verification_key/get';
    const keys = fakeKeys({ [url]: JSON.stringify({ key: { ...key, alg: 'ES256' } }) });
    return { secrets: ['api secret'], config: { client_id: 'client' }, keys };
  },
});

const setKeys = await published('RS256');
const setSets = { one: await setOf(setKeys, 'one'), two: await setOf(setKeys, 'two') };
const JWKS = 'https://issuer.example/jwks.json';
judge({
  package: 'jose',
  provider: 'secevent-push',
  body: '',
  secrets: WORLDS,
  signature: null,
  toleranceSeconds: 7 * 86_400,
  ageless: 'a security event token has no end of its own',
  sign: async (_body, at) => {
    const events = { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} };
    const body = await new SignJWT({ events, jti: '1', sub_id: { format: 'opaque', id: 'x' } })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'secevent+jwt' })
      .setIssuer('https://issuer.example')
      .setAudience('https://receiver.example')
      .setIssuedAt(seconds(at))
      .sign(setKeys[0].privateKey);
    return { body, headers: { 'content-type': 'application/secevent+jwt' } };
  },
  accepts: async ({ body }, world) => {
    const set = createLocalJWKSet(world === 'one' ? setSets.one : setSets.two);
    await jwtVerify(body, set, {
      issuer: 'https://issuer.example',
      audience: 'https://receiver.example',
      typ: 'secevent+jwt',
    });
  },
  options: (world) => ({
    config: {
      issuer: 'https://issuer.example',
      audience: 'https://receiver.example',
      jwks_url: JWKS,
    },
    keys: fakeKeys({ [JWKS]: JSON.stringify(world === 'one' ? setSets.one : setSets.two) }),
  }),
  changes: [
    (body) => `${body}x`,
    (body) => `x${body}`,
    (body) => body.replace(/\.[^.]*$/, '.'),
    (body) => body.replace(/.(?=.{9}$)/, (one) => (one === 'A' ? 'B' : 'A')),
  ],
});
