import assert from 'node:assert/strict';
import { createSign } from 'node:crypto';
import { test } from 'node:test';
import { fakeKeys, inboundRequest, verifierOptions } from '../../../testing/inbound.ts';
import type { FakeKeys } from '../../../testing/inbound.ts';
import { rsaCertificate } from '../../../testing/rsa-certificate.ts';
import { rsaKeys } from '../../../testing/signed-tokens.ts';
import { compileSns } from './sns.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const DAY = 86_400_000;
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders';
const CERT_URL = 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem';
const KEYS = rsaKeys();
const EVIL = rsaKeys();
const WHILE = { from: NOW - 10 * DAY, to: NOW + 10 * DAY };
const CERT = rsaCertificate(KEYS, 'sns.amazonaws.com', WHILE);

const MESSAGE = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: TOPIC,
  Subject: 'My subject',
  Message: 'Hello\nworld',
  Timestamp: new Date(NOW - 5000).toISOString(),
  SignatureVersion: '2',
  SigningCertURL: CERT_URL,
};
type Message = Record<string, unknown>;

/** What AWS documents: names and values on lines of their own, in byte order of names. */
function signed(message: Message, keys = KEYS): Message {
  const names =
    message['Type'] === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const lines = names.filter((name) => message[name] !== undefined);
  const text = lines.map((name) => `${name}\n${String(message[name])}\n`).join('');
  const digest = message['SignatureVersion'] === '1' ? 'sha1' : 'sha256';
  const signature = createSign(digest).update(text).sign(keys.privateKey, 'base64');
  return { ...message, Signature: signature };
}

interface Case {
  readonly keys?: FakeKeys;
  readonly config?: Record<string, string>;
}

async function outcome(message: unknown, change: Case = {}): Promise<string> {
  const keys = change.keys ?? fakeKeys({ [CERT_URL]: CERT });
  const config = change.config ?? { topic_arn: TOPIC };
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const verifier = compileSns(verifierOptions({ keys, config }));
  const verdict = await verifier.verify(inboundRequest({ body }), NOW);
  return verdict.ok ? 'ok' : verdict.reason;
}

test('messages of both signature versions and of all types pass', async () => {
  const { Subject, ...plain } = MESSAGE;
  assert.equal(Subject, 'My subject');
  for (const SignatureVersion of ['1', '2']) {
    assert.equal(await outcome(signed({ ...MESSAGE, SignatureVersion })), 'ok');
    assert.equal(await outcome(signed({ ...plain, SignatureVersion })), 'ok');
    for (const Type of ['SubscriptionConfirmation', 'UnsubscribeConfirmation']) {
      const extra = { Type, SignatureVersion, Token: 'abc', SubscribeURL: 'https://x' };
      assert.equal(await outcome(signed({ ...plain, ...extra })), 'ok', Type);
    }
  }
});

test('SHA-1 is refused where the source says so, and no version can be made up', async () => {
  const config = { topic_arn: TOPIC, signature_version: '2' };
  const old = signed({ ...MESSAGE, SignatureVersion: '1' });
  assert.equal(await outcome(old, { config }), 'malformed_signature');
  assert.equal(await outcome({ ...old, SignatureVersion: '2' }, { config }), 'wrong_signature');
  assert.equal(await outcome(signed(MESSAGE), { config }), 'ok');
  for (const SignatureVersion of ['3', '', '__proto__', 'constructor', 2, null, ['2']]) {
    assert.equal(await outcome({ ...old, SignatureVersion }), 'malformed_signature');
  }
  assert.throws(() => compileSns(verifierOptions({ config: { signature_version: '0' } })));
});

test('a change of any signed field is refused', async () => {
  const good = signed(MESSAGE);
  for (const name of ['Message', 'MessageId', 'Subject', 'Type']) {
    const reason = await outcome({ ...good, [name]: 'SubscriptionConfirmation' });
    assert.notEqual(reason, 'ok', name);
    const { [name]: removed, ...rest } = good;
    assert.ok(removed);
    assert.notEqual(await outcome(rest), 'ok', name);
  }
  const Timestamp = new Date(NOW).toISOString();
  assert.equal(await outcome({ ...good, Timestamp }), 'wrong_signature');
});

test('text of a message can not be moved into another field', async () => {
  const good = signed({ ...MESSAGE, Message: 'a\nMessageId\nb' });
  const moved = { ...good, Message: 'a', MessageId: `b\nMessageId\n${MESSAGE.MessageId}` };
  assert.equal(await outcome(good), 'ok');
  assert.equal(await outcome(moved), 'malformed_body');
});

test('certificates are taken from SNS and from nowhere else', async () => {
  const evil = rsaCertificate(EVIL, 'sns.amazonaws.com', WHILE);
  const urls = [
    'https://evil.example/SimpleNotificationService-0123.pem',
    'http://sns.us-east-1.amazonaws.com/a.pem',
    'https://sns.evil.amazonaws.com.x/a.pem',
    'https://sns.us-east-1.amazonaws.com.evil.example/a.pem',
    'https://sns.us-east-1.amazonaws.com@evil.example/a.pem',
    'https://user:pass@sns.us-east-1.amazonaws.com/a.pem',
    'https://sns.us-east-1.amazonaws.com:8443/a.pem',
    'https://evil-bucket.s3.amazonaws.com/sns.us-east-1.amazonaws.com/a.pem',
    'https://s3.us-east-1.amazonaws.com/bucket/a.pem',
    'https://sns.s3.amazonaws.com.evil/a.pem',
    'https://sns..amazonaws.com/a.pem',
    'https://sns.a.b.amazonaws.com/a.pem',
    'https://xsns.us-east-1.amazonaws.com/a.pem',
    'https://sns.us-east-1.amazonaws.org/a.pem',
    'https://sns.us-east-1.amazonaws.com/a.txt',
    'https://sns.us-east-1.amazonaws.com/?x=a.pem',
    'https://sns.us-east-1.amazonaws.com/a.pem?redirect=https://evil.example',
    'https://sns.us-east-1.amazonaws.com/a.pem#b',
    'https://sns.us-east-1.amazonaws.com/a/../b/c.pem',
    'https://sns.us-east-1.amazonaws.com\\@evil.example/a.pem',
    'file:///etc/ssl/a.pem',
    'data:,x.pem',
    '//sns.us-east-1.amazonaws.com/a.pem',
    '',
  ];
  for (const SigningCertURL of urls) {
    const keys = fakeKeys({ [SigningCertURL]: evil });
    const message = signed({ ...MESSAGE, SigningCertURL }, EVIL);
    assert.equal(await outcome(message, { keys }), 'wrong_signature', SigningCertURL);
    assert.deepEqual(keys.asked, [], 'nobody is asked');
  }
  const china = 'https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem';
  const keys = fakeKeys({ [china]: CERT });
  assert.equal(await outcome(signed({ ...MESSAGE, SigningCertURL: china }), { keys }), 'ok');
});

test('a certificate for somebody else, out of its time, or none at all is no key', async () => {
  const texts = [
    rsaCertificate(KEYS, 'evil.example', WHILE),
    rsaCertificate(KEYS, 'sns.amazonaws.com.evil.example', WHILE),
    rsaCertificate(KEYS, 'sns.amazonaws.com', { from: NOW - 10 * DAY, to: NOW - DAY }),
    rsaCertificate(KEYS, 'sns.amazonaws.com', { from: NOW + DAY, to: NOW + 2 * DAY }),
    rsaCertificate(rsaKeys(1024), 'sns.amazonaws.com', WHILE),
    KEYS.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    '<Error>AccessDenied</Error>',
    '',
  ];
  for (const text of texts) {
    const keys = fakeKeys({ [CERT_URL]: text });
    assert.equal(await outcome(signed(MESSAGE), { keys }), 'wrong_signature', text.slice(0, 40));
  }
  assert.equal(await outcome(signed(MESSAGE), { keys: fakeKeys() }), 'key_unavailable');
});

test('only topics that are set count, and the detail names one that is not', async () => {
  const good = signed(MESSAGE);
  assert.equal(await outcome(good, { config: {} }), 'key_unavailable');
  const other = `${TOPIC}2`;
  assert.equal(await outcome(good, { config: { topic_arn: other } }), 'wrong_signature');
  assert.equal(await outcome(good, { config: { topic_arn: `${other}, ${TOPIC}` } }), 'ok');
  const options = verifierOptions();
  const verdict = await compileSns(options).verify(
    inboundRequest({ body: JSON.stringify(good) }),
    NOW,
  );
  assert.ok(!verdict.ok && verdict.detail.includes(TOPIC));
});

test('old, future and unreadable times are refused before any key is asked for', async () => {
  const keys = fakeKeys();
  const at = (ms: number) => signed({ ...MESSAGE, Timestamp: new Date(ms).toISOString() });
  assert.equal(await outcome(at(NOW - 2 * DAY), { keys }), 'stale_timestamp');
  assert.equal(await outcome(at(NOW + 600_000), { keys }), 'future_timestamp');
  for (const Timestamp of ['yesterday', '2026-01-15', '2026-02-30T00:00:00Z', '1', '']) {
    assert.equal(await outcome(signed({ ...MESSAGE, Timestamp }), { keys }), 'malformed_timestamp');
  }
  assert.deepEqual(keys.asked, []);
});

test('bodies that are no message are refused with a reason', async () => {
  for (const body of ['', 'raw text', '[]', 'null', '"x"']) {
    assert.equal(await outcome(body), 'malformed_body', body);
  }
  assert.equal(await outcome({ ...MESSAGE }), 'missing_signature');
  assert.equal(await outcome({ ...signed(MESSAGE), Signature: '!!' }), 'malformed_signature');
  assert.equal(await outcome({ ...signed(MESSAGE), Type: '__proto__' }), 'malformed_body');
});
