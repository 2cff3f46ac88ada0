/** Providers that sign with a private key: Discord, SendGrid, Amazon SNS, Web Bot Auth. */
import { createHash, createPublicKey, createSign, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { EventEmitter } from 'node:events';
import https from 'node:https';
import { createRequire } from 'node:module';
import { mock } from 'node:test';
import { EventWebhook } from '@sendgrid/eventwebhook';
import { verifyKey } from 'discord-interactions';
import { signatureHeaders, verify as verifyBot } from 'web-bot-auth';
import { signerFromJWK, verifierFromJWK } from 'web-bot-auth/crypto';
import { rsaCertificate } from '../../src/testing/rsa-certificate.ts';
import { ed25519Keys, p256Keys, rsaKeys } from '../../src/testing/signed-tokens.ts';
import { fakeKeys } from '../../src/testing/inbound.ts';
import { judge } from './oracle.ts';

/** Pairs by their public key as the provider writes it. */
function pairs<Pair extends { publicKey: KeyObject }>(
  made: readonly [Pair, Pair],
  write: (key: KeyObject) => string,
): { readonly secrets: readonly [string, string]; of(secret: string): Pair } {
  const [one, two] = made;
  const secrets = [write(one.publicKey), write(two.publicKey)] as const;
  return { secrets, of: (secret) => (secret === secrets[0] ? one : two) };
}

const rawBytes = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).subarray(-32);
const seconds = (at: number) => String(Math.floor(at / 1000));

const discord = pairs([ed25519Keys(), ed25519Keys()], (key) => rawBytes(key).toString('hex'));
judge({
  package: 'discord-interactions',
  provider: 'discord',
  body: JSON.stringify({ type: 2, id: '1', data: { name: 'hello' } }),
  secrets: discord.secrets,
  signature: 'x-signature-ed25519',
  timestamp: 'x-signature-timestamp',
  toleranceSeconds: 300,
  ageless: 'verifyKey looks at the signature alone',
  sign: (body, at, secret) => ({
    headers: {
      'x-signature-timestamp': seconds(at),
      'x-signature-ed25519': sign(
        null,
        Buffer.from(seconds(at) + body),
        discord.of(secret).privateKey,
      ).toString('hex'),
    },
  }),
  accepts: ({ body, headers }, secret) =>
    verifyKey(
      body,
      headers['x-signature-ed25519'] ?? '',
      headers['x-signature-timestamp'] ?? '',
      secret,
    ),
});

const SENDGRID_SIGNATURE = 'x-twilio-email-event-webhook-signature';
const SENDGRID_TIME = 'x-twilio-email-event-webhook-timestamp';
const sendgrid = pairs([p256Keys(), p256Keys()], (key) =>
  key.export({ type: 'spki', format: 'der' }).toString('base64'),
);
judge({
  package: '@sendgrid/eventwebhook',
  provider: 'sendgrid',
  body: `${JSON.stringify([{ email: 'a@example.com', event: 'dropped', sg_event_id: '1' }])}\r\n`,
  secrets: sendgrid.secrets,
  signature: SENDGRID_SIGNATURE,
  timestamp: SENDGRID_TIME,
  toleranceSeconds: null,
  sign: (body, at, secret) => ({
    headers: {
      [SENDGRID_TIME]: seconds(at),
      [SENDGRID_SIGNATURE]: createSign('sha256')
        .update(seconds(at) + body)
        .sign(sendgrid.of(secret).privateKey, 'base64'),
    },
  }),
  accepts: ({ body, headers }, secret) => {
    const webhook = new EventWebhook();
    const key = webhook.convertPublicKeyToECDSA(secret);
    const [signature = '', time = ''] = [headers[SENDGRID_SIGNATURE], headers[SENDGRID_TIME]];
    return webhook.verifySignature(key, body, signature, time);
  },
});

// Amazon SNS. Its package asks for the certificate with node:https, where ours stands ready.

interface SnsValidator {
  validate(message: object, done: (error: Error | null) => void): void;
}
const Validator: new () => SnsValidator = createRequire(import.meta.url)('sns-validator');
const DAY = 86_400_000;
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:orders';
const snsKeys = [rsaKeys(), rsaKeys()] as const;
const life = { from: Date.now() - DAY, to: Date.now() + DAY };
const certificateOf = (at: 0 | 1) => rsaCertificate(snsKeys[at], 'sns.amazonaws.com', life);
const certificates: Record<string, string> = {};

mock.method(https, 'get', (url: string, done: (response: EventEmitter) => void) => {
  const response = Object.assign(new EventEmitter(), { statusCode: 200 });
  const text = certificates[url];
  const request = new EventEmitter();
  setImmediate(() => {
    if (text === undefined) {
      request.emit('error', new Error(`no certificate at ${url}`));
      return;
    }
    done(response);
    response.emit('data', text);
    response.emit('end');
  });
  return request;
});

for (const version of ['1', '2']) {
  // The "secret" of this source is nothing but the name of the world in which a key is published.
  const url = (secret: string) => `https://sns.eu-west-1.amazonaws.com/${secret}-${version}.pem`;
  judge({
    package: 'sns-validator',
    provider: 'aws-sns',
    body: '',
    secrets: ['one', 'two'],
    signature: null,
    toleranceSeconds: 86_400,
    ageless: 'the package does not look at Timestamp',
    options: (secret) => {
      certificates[url('one')] = certificateOf(secret === 'one' ? 0 : 1);
      return { config: { topic_arn: TOPIC }, keys: fakeKeys({ ...certificates }) };
    },
    sign: (_body, at) => {
      const message = {
        Message: 'Hello\n"world"',
        MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
        Subject: 'A subject',
        Timestamp: new Date(at).toISOString(),
        TopicArn: TOPIC,
        Type: 'Notification',
      };
      const lines = Object.entries(message).map(([name, value]) => `${name}\n${value}\n`);
      const Signature = createSign(version === '1' ? 'sha1' : 'sha256')
        .update(lines.join(''))
        .sign(snsKeys[0].privateKey, 'base64');
      const rest = { SignatureVersion: version, SigningCertURL: url('one'), Signature };
      return { body: JSON.stringify({ ...message, ...rest }) };
    },
    accepts: ({ body }, secret) => {
      // A new copy of the package each time, because it keeps certificates for ever.
      certificates[url('one')] = certificateOf(secret === 'one' ? 0 : 1);
      const path = createRequire(import.meta.url).resolve('sns-validator');
      const require = createRequire(import.meta.url);
      delete require.cache[path];
      const Fresh: typeof Validator = require('sns-validator');
      return new Promise((resolve, reject) => {
        const done = (error: Error | null) => (error === null ? resolve(true) : reject(error));
        new Fresh().validate(JSON.parse(body), done);
      });
    },
    changes: [
      (body) => body.replace('world', 'World'),
      (body) => body.replace('A subject', 'B subject'),
      (body) => body.replace('22b80b92', '22b80b93'),
      (body) => body.replace('sns.eu-west-1.amazonaws.com/', 'sns.evil.example/'),
      (body) => body.replace(/"Signature":"../, '"Signature":"=='),
      (body) => body.replace(`"SignatureVersion":"${version}"`, '"SignatureVersion":"3"'),
    ],
  });
}

// Web Bot Auth: signed with the package, a digest of the body among what is covered.

const bots = pairs([ed25519Keys(), ed25519Keys()], (key) =>
  JSON.stringify(key.export({ format: 'jwk' })),
);
judge({
  package: 'web-bot-auth',
  provider: 'web-bot-auth',
  body: JSON.stringify({ hello: 'agent' }),
  secrets: bots.secrets,
  signature: 'signature',
  timestamp: 'signature-input',
  toleranceSeconds: 300,
  sign: async (body, at, secret) => {
    const digest = createHash('sha256').update(body).digest('base64');
    const headers = { 'content-digest': `sha-256=:${digest}:` };
    const url = 'https://hooks.example.com/in/token';
    const request = new Request(url, { method: 'POST', headers, body });
    const jwk = bots.of(secret).privateKey.export({ format: 'jwk' });
    const made = await signatureHeaders(request, await signerFromJWK(jwk), {
      created: new Date(at),
      expires: new Date(at + 300_000),
      components: ['@authority', 'content-digest'],
    });
    const signed = {
      signature: made.Signature,
      'signature-input': made['Signature-Input'],
    };
    return { url, headers: { ...headers, ...signed } };
  },
  accepts: async ({ body, url, headers, method }, secret) => {
    // Digests are the application's affair there.
    const digest = createHash('sha256').update(body).digest('base64');
    if (headers['content-digest'] !== `sha-256=:${digest}:`) return false;
    const jwk = createPublicKey({ key: JSON.parse(secret), format: 'jwk' }).export({
      format: 'jwk',
    });
    const request = new Request(url, { method, headers, body });
    await verifyBot(request, await verifierFromJWK(jwk));
    return true;
  },
});
