/** Providers that sign with a shared secret: their packages against our entries. */
import { createHmac } from 'node:crypto';
import { WorkOS } from '@workos-inc/node';
import { verifySlackRequest } from '@slack/bolt';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import Mux from '@mux/mux-node';
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods';
import { Paddle } from '@paddle/paddle-node-sdk';
import { parse as parseGocardless } from 'gocardless-nodejs/webhooks';
import OpenAI from 'openai';
import Razorpay from 'razorpay';
import { Resend } from 'resend';
import { sign as retellSign, verify as retellVerify } from 'retell-sdk/lib/webhook_auth';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { judge } from './oracle.ts';
import type { SignedRequest } from './oracle.ts';

const hex = (secret: string, text: string) =>
  createHmac('sha256', secret).update(text).digest('hex');
const TWO = ['a secret that is long enough', 'another secret, as long as the first'] as const;
const TWO_STANDARD = [
  `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
] as const;
const EVENT = JSON.stringify({ id: 'evt_1', type: 'task.done', created_at: 1, data: { id: 'a' } });

// Standard Webhooks and those who took it over.

const standardHeaders = (at: number, signature: string) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(at / 1000)),
  'webhook-signature': signature,
});
const standard = {
  body: EVENT,
  secrets: TWO_STANDARD,
  signature: 'webhook-signature',
  timestamp: 'webhook-timestamp',
  toleranceSeconds: 300,
  sign: (body: string, at: number, secret: string) => ({
    headers: standardHeaders(at, new StandardWebhook(secret).sign('msg_1', new Date(at), body)),
  }),
} as const;

judge({
  ...standard,
  package: 'standardwebhooks',
  provider: 'standard-webhooks',
  accepts: ({ body, headers }, secret) => new StandardWebhook(secret).verify(body, { ...headers }),
});

judge({
  ...standard,
  package: 'svix',
  provider: 'svix',
  signature: 'svix-signature',
  timestamp: 'svix-timestamp',
  sign: (body, at, secret) => ({
    headers: {
      'svix-id': 'msg_1',
      'svix-timestamp': String(Math.floor(at / 1000)),
      'svix-signature': new SvixWebhook(secret).sign('msg_1', new Date(at), body),
    },
  }),
  accepts: ({ body, headers }, secret) => new SvixWebhook(secret).verify(body, { ...headers }),
});

judge({
  ...standard,
  package: 'openai',
  provider: 'openai',
  accepts: async ({ body, headers }, secret) => {
    const client = new OpenAI({ apiKey: 'none', webhookSecret: secret });
    await client.webhooks.verifySignature(body, { ...headers });
  },
});

judge({
  ...standard,
  package: 'resend',
  provider: 'resend',
  signature: 'svix-signature',
  timestamp: 'svix-timestamp',
  sign: (body, at, secret) => ({
    headers: {
      'svix-id': 'msg_1',
      'svix-timestamp': String(Math.floor(at / 1000)),
      'svix-signature': new StandardWebhook(secret).sign('msg_1', new Date(at), body),
    },
  }),
  accepts: ({ body, headers }, secret) =>
    new Resend('re_none').webhooks.verify({
      payload: body,
      headers: {
        id: headers['svix-id'] ?? '',
        timestamp: headers['svix-timestamp'] ?? '',
        signature: headers['svix-signature'] ?? '',
      },
      webhookSecret: secret,
    }),
});

// Time and signature in one header.

judge({
  package: 'stripe',
  provider: 'stripe',
  body: EVENT,
  secrets: ['whsec_one_of_stripes_secrets', 'whsec_another_of_its_secrets'],
  signature: 'stripe-signature',
  toleranceSeconds: 300,
  sign: (payload, at, secret) => ({
    headers: {
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({
        payload,
        secret,
        timestamp: Math.floor(at / 1000),
      }),
    },
  }),
  accepts: ({ body, headers }, secret) =>
    Stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', secret),
});

judge({
  package: '@paddle/paddle-node-sdk',
  provider: 'paddle',
  body: JSON.stringify({ event_id: 'evt_1', event_type: 'transaction.completed', data: {} }),
  secrets: TWO,
  signature: 'paddle-signature',
  toleranceSeconds: 5,
  sign: (body, at, secret) => {
    const seconds = Math.floor(at / 1000);
    return {
      headers: { 'paddle-signature': `ts=${seconds};h1=${hex(secret, `${seconds}:${body}`)}` },
    };
  },
  accepts: ({ body, headers }, secret) =>
    new Paddle('none').webhooks.isSignatureValid(body, secret, headers['paddle-signature'] ?? ''),
});

judge({
  package: '@workos-inc/node',
  provider: 'workos',
  body: EVENT,
  secrets: TWO,
  signature: 'workos-signature',
  toleranceSeconds: 180,
  sign: (body, at, secret) => ({
    headers: { 'workos-signature': `t=${at}, v1=${hex(secret, `${at}.${body}`)}` },
  }),
  accepts: ({ body, headers }, secret) =>
    new WorkOS('none').webhooks.verifyHeader({
      payload: body,
      sigHeader: headers['workos-signature'] ?? '',
      secret,
    }),
});

judge({
  package: '@mux/mux-node',
  provider: 'mux',
  body: EVENT,
  secrets: TWO,
  signature: 'mux-signature',
  toleranceSeconds: 300,
  sign: (body, at, secret) => {
    const seconds = Math.floor(at / 1000);
    return { headers: { 'mux-signature': `t=${seconds},v1=${hex(secret, `${seconds}.${body}`)}` } };
  },
  accepts: async ({ body, headers }, secret) => {
    const mux = new Mux({ tokenId: 'none', tokenSecret: 'none', webhookSecret: secret });
    await mux.webhooks.verifySignature(body, { ...headers });
  },
});

judge({
  package: 'retell-sdk',
  provider: 'retell',
  body: EVENT,
  secrets: TWO,
  signature: 'x-retell-signature',
  toleranceSeconds: 300,
  sign: async (body, at, secret) => {
    // The package signs for the present only; the past is made by its formula.
    const isNow = Math.abs(at - Date.now()) < 1000;
    const own = `v=${at},d=${hex(secret, body + at)}`;
    return { headers: { 'x-retell-signature': isNow ? await retellSign(body, secret) : own } };
  },
  accepts: ({ body, headers }, secret) =>
    retellVerify(body, secret, headers['x-retell-signature'] ?? ''),
});

// Time in a header of its own.

judge({
  package: '@slack/bolt',
  provider: 'slack',
  body: JSON.stringify({ type: 'event_callback', event_id: 'Ev1', event: { type: 'message' } }),
  secrets: TWO,
  signature: 'x-slack-signature',
  timestamp: 'x-slack-request-timestamp',
  toleranceSeconds: 300,
  sign: (body, at, secret) => {
    const seconds = String(Math.floor(at / 1000));
    return {
      headers: {
        'x-slack-request-timestamp': seconds,
        'x-slack-signature': `v0=${hex(secret, `v0:${seconds}:${body}`)}`,
      },
    };
  },
  accepts: ({ body, headers }: SignedRequest, signingSecret: string) => {
    verifySlackRequest({
      signingSecret,
      body,
      headers: {
        'x-slack-signature': headers['x-slack-signature'] ?? '',
        'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
      },
    });
  },
});

// The body alone.

judge({
  package: '@octokit/webhooks-methods',
  provider: 'github',
  body: JSON.stringify({ action: 'opened', number: 1 }),
  secrets: TWO,
  signature: 'x-hub-signature-256',
  toleranceSeconds: null,
  sign: async (body, _at, secret) => ({
    headers: { 'x-hub-signature-256': await octokitSign(secret, body) },
  }),
  accepts: ({ body, headers }, secret) =>
    octokitVerify(secret, body, headers['x-hub-signature-256'] ?? ''),
});

judge({
  package: 'razorpay',
  provider: 'razorpay',
  body: JSON.stringify({ event: 'payment.captured' }),
  secrets: TWO,
  signature: 'x-razorpay-signature',
  toleranceSeconds: null,
  sign: (body, _at, secret) => ({ headers: { 'x-razorpay-signature': hex(secret, body) } }),
  accepts: ({ body, headers }, secret) =>
    Razorpay.validateWebhookSignature(body, headers['x-razorpay-signature'] ?? '', secret),
});

judge({
  package: 'gocardless-nodejs',
  provider: 'gocardless',
  body: JSON.stringify({ events: [{ id: 'EV1', action: 'paid', resource_type: 'payments' }] }),
  secrets: TWO,
  signature: 'webhook-signature',
  toleranceSeconds: null,
  sign: (body, _at, secret) => ({ headers: { 'webhook-signature': hex(secret, body) } }),
  accepts: ({ body, headers }, secret) => {
    parseGocardless(body, secret, headers['webhook-signature'] ?? '');
  },
});

const linearBody = (at: number) =>
  JSON.stringify({ type: 'Issue', action: 'create', webhookTimestamp: at });
judge({
  package: '@linear/sdk',
  provider: 'linear',
  body: '',
  secrets: TWO,
  signature: 'linear-signature',
  toleranceSeconds: 60,
  sign: (_body, at, secret) => {
    const body = linearBody(at);
    return { body, headers: { 'linear-signature': hex(secret, body) } };
  },
  accepts: ({ body, headers }, secret) => {
    const at = Number(/"webhookTimestamp":(\d+)/.exec(body)?.[1]);
    const client = new LinearWebhookClient(secret);
    return client.verify(Buffer.from(body), headers['linear-signature'] ?? '', at);
  },
});
