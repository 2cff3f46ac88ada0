/** Signatures over sorted forms and inside bodies: Twilio and Adyen. */
import { createHash, createHmac } from 'node:crypto';
import { hmacValidator } from '@adyen/api-library';
import twilio from 'twilio';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { INBOUND_URL } from '../../src/testing/inbound.ts';
import { judge } from './oracle.ts';

const TWO = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'] as const;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const mac = (secret: string, text: string) =>
  createHmac('sha1', secret).update(text).digest('base64');

function fields(body: string): Record<string, string | string[]> {
  const query = new URLSearchParams(body);
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

for (const body of [
  'CallSid=CA1234&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212',
  'Body=h%C3%A9llo+%F0%9F%98%80&MediaUrl=b&MediaUrl=a&MediaUrl=b&NumMedia=2&Empty=&_=%2F',
]) {
  judge({
    package: 'twilio',
    provider: 'twilio',
    body,
    secrets: TWO,
    signature: 'x-twilio-signature',
    toleranceSeconds: null,
    sign: (form, _at, secret) => ({
      headers: {
        ...FORM,
        'x-twilio-signature': getExpectedTwilioSignature(secret, INBOUND_URL, fields(form)),
      },
    }),
    accepts: ({ body: form, url, headers }, secret) =>
      twilio.validateRequest(secret, headers['x-twilio-signature'] ?? '', url, fields(form)),
    changes: [
      (form) => `${form}&More=1`,
      (form) => form.replace(/^[^&]*&/, ''),
      (form) => form.replace(/[^&]$/, 'x'),
    ],
  });
}

judge({
  package: 'twilio',
  provider: 'twilio',
  body: JSON.stringify({ property: 'value', boolean: true }),
  secrets: TWO,
  signature: 'x-twilio-signature',
  toleranceSeconds: null,
  sign: (body, _at, secret) => {
    const url = `${INBOUND_URL}?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const headers = { 'content-type': 'application/json', 'x-twilio-signature': mac(secret, url) };
    return { url, headers };
  },
  accepts: ({ body, url, headers }, secret) =>
    twilio.validateRequestWithBody(secret, headers['x-twilio-signature'] ?? '', url, body),
});

type AdyenItem = Parameters<hmacValidator['validateHMAC']>[0];
const ITEM = {
  pspReference: 'psp1',
  originalReference: 'org1',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'order:1',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  eventDate: '2026-01-01T00:00:00+01:00',
  paymentMethod: 'visa',
  operations: [],
  reason: '',
  success: 'true',
};
const HEX_KEYS = ['AB'.repeat(32), 'CD'.repeat(32)] as const;

/** The package knows items; the notification around them is JSON. */
function itemsOf(body: string): AdyenItem[] {
  const parsed: { notificationItems: { NotificationRequestItem: AdyenItem }[] } = JSON.parse(body);
  return parsed.notificationItems.map((wrapped) => wrapped.NotificationRequestItem);
}

judge({
  package: '@adyen/api-library',
  provider: 'adyen-payments',
  body: '',
  secrets: HEX_KEYS,
  signature: null,
  toleranceSeconds: null,
  sign: (_body, _at, secret) => {
    const validator = new hmacValidator();
    const items = [ITEM, { ...ITEM, pspReference: 'psp2', eventCode: 'REFUND' }].map((item) => {
      const text = [
        item.pspReference,
        item.originalReference,
        item.merchantAccountCode,
        item.merchantReference,
        item.amount.value,
        item.amount.currency,
        item.eventCode,
        item.success,
      ].join(':');
      const hmacSignature = validator.calculateHmac(text, secret);
      return { NotificationRequestItem: { ...item, additionalData: { hmacSignature } } };
    });
    return { body: JSON.stringify({ live: 'false', notificationItems: items }) };
  },
  accepts: ({ body }, secret) =>
    itemsOf(body).every((item) => new hmacValidator().validateHMAC(item, secret)),
  changes: [
    (body) => body.replace('psp2', 'psp3'),
    (body) => body.replace('1130', '1131'),
    (body) => body.replace('"success":"true"', '"success":"false"'),
    (body) => body.replace('TestMerchant', 'OtherMerchant'),
    (body) => body.replace(/"hmacSignature":"./, '"hmacSignature":"'),
    (body) => body.replaceAll('hmacSignature', 'other'),
  ],
});

judge({
  package: '@adyen/api-library',
  provider: 'adyen-platform',
  body: JSON.stringify({ type: 'balancePlatform.transfer.created', data: { id: 'T1' } }),
  secrets: HEX_KEYS,
  signature: 'hmacsignature',
  toleranceSeconds: null,
  sign: (body, _at, secret) => ({
    headers: { hmacsignature: new hmacValidator().calculateHmac(body, secret) },
  }),
  accepts: ({ body, headers }, secret) =>
    new hmacValidator().validateHMACSignature(secret, headers['hmacsignature'] ?? '', body),
});
