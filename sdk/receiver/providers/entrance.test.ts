/** Handshakes that need more than an answer; the catalogue's real ones are in the other tests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProvider } from '../../../src/protocol/providers/catalogue.ts';
import { json } from '../../contract/provider-setup.ts';
import { Door } from './door.ts';
import { createEntrance } from './entrance.ts';
import type { EntranceOptions } from './entrance.ts';

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:topic';
const SUBSCRIBE_URL =
  'https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription' +
  `&TopicArn=${encodeURIComponent(TOPIC)}&Token=token`;

/** SNS's handshake, at a door that believes everybody: its signatures are tried elsewhere. */
function snsEntrance(confirm: EntranceOptions['confirm']) {
  const sns = findProvider('aws-sns');
  assert.ok(sns !== undefined);
  const door = new Door({
    provider: { ...sns, scheme: { kind: 'none' } },
    secrets: [],
    config: {},
    allowUnsigned: true,
    keys: { document: () => Promise.reject(new Error('No key is fetched here')) },
    toleranceSeconds: undefined,
    takesSecret: false,
  });
  const entrance = createEntrance([door], { confirm, onSecret: undefined });
  const message = {
    Type: 'SubscriptionConfirmation',
    TopicArn: TOPIC,
    Token: 'token',
    SubscribeURL: SUBSCRIBE_URL,
  };
  const { headers, body } = json(JSON.stringify(message));
  const request = {
    method: 'POST',
    url: 'https://receiver.test/hook',
    headers: (name: string) => headers[name],
    body,
    safeHeaders: () => ({}),
  };
  return entrance.enter(request, 0);
}

test('a subscription is confirmed before it is answered', async () => {
  const asked: string[] = [];
  const passage = await snsEntrance(async (url) => void asked.push(url));
  assert.deepEqual([passage.kind, asked], ['handshake', [new URL(SUBSCRIBE_URL).href]]);
});

test('one that could not be confirmed is 503, so that the provider asks again', async () => {
  const passage = await snsEntrance(() => Promise.reject(new Error('no route')));
  assert.ok(passage.kind === 'refused');
  assert.deepEqual([passage.status, passage.reason], [503, 'confirmation_failed']);
  assert.match(passage.detail, /no route/);
});
