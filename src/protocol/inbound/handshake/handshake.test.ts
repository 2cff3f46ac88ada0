import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { INBOUND_URL, inboundRequest } from '../../../testing/inbound.ts';
import type { InboundParts } from '../../../testing/inbound.ts';
import type { HandshakeDescription } from './description.ts';
import { handshakeFor } from './handshake.ts';
import type { HandshakeContext, HandshakeReply } from './handshake.ts';

function ask(
  description: HandshakeDescription,
  parts: InboundParts,
  context: Partial<HandshakeContext> = {},
): HandshakeReply | null {
  const body = typeof parts.body === 'string' ? parts.body : '';
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = undefined;
  }
  const whole = { secrets: ['the secret'], config: {}, ...context };
  return handshakeFor(description).answer(inboundRequest(parts), json, whole);
}

const get = (query: string): InboundParts => ({ method: 'GET', url: `${INBOUND_URL}?${query}` });
const post = (value: unknown): InboundParts => ({ body: JSON.stringify(value) });

/** Status, body, and whether a signature is asked for: what most handshakes differ in. */
function seen(reply: HandshakeReply | null): unknown[] | null {
  if (reply === null) return null;
  assert.equal(reply.headers['x-content-type-options'], 'nosniff');
  return [reply.status, reply.body, reply.requiresSignature];
}

const SLACK = { kind: 'json-challenge', type: 'url_verification', field: 'challenge' } as const;

test('Slack and MCP: the challenge is repeated as JSON, for them alone', () => {
  const slack = { ...SLACK, signed: true };
  const challenge = post({ type: 'url_verification', token: 'x', challenge: '3eZbrw1aBm2rZgRN' });
  assert.deepEqual(seen(ask(slack, challenge)), [200, '{"challenge":"3eZbrw1aBm2rZgRN"}', true]);
  assert.equal(ask(slack, challenge)?.headers['content-type'], 'application/json');
  for (const other of [{ type: 'event_callback', challenge: 'a' }, { type: 'url_verification' }]) {
    assert.equal(ask(slack, post(other)), null);
  }
  assert.equal(ask(slack, { ...challenge, method: 'PUT' }), null);
  assert.equal(ask({ kind: 'zoom' }, challenge), null, 'another provider does not answer it');
});

test('nothing is repeated that a browser could run, or that is long', () => {
  const echo = { kind: 'query-echo', method: 'GET', parameter: 'challenge' } as const;
  const bad = ['<script>alert(1)</script>', '"x"', "'", '&', 'a\r\nb', 'é', '', 'x'.repeat(257)];
  for (const text of bad) {
    assert.equal(ask(echo, get(`challenge=${encodeURIComponent(text)}`)), null, text);
    const slack = post({ type: 'url_verification', challenge: text });
    assert.equal(ask({ ...SLACK, signed: false }, slack), null, text);
  }
  assert.equal(ask(echo, get('challenge=a&challenge=b')), null);
  assert.equal(
    ask({ ...SLACK, signed: false }, post({ type: SLACK.type, challenge: ['a'] })),
    null,
  );
});

test('Dropbox, Graph, A2A: a field of the query comes back as plain text', () => {
  const dropbox = { kind: 'query-echo', method: 'GET', parameter: 'challenge' } as const;
  const reply = ask(dropbox, get('challenge=abc-123'));
  assert.deepEqual(seen(reply), [200, 'abc-123', false]);
  assert.equal(reply?.headers['content-type'], 'text/plain; charset=utf-8');
  const graph = { kind: 'query-echo', method: 'POST', parameter: 'validationToken' } as const;
  const text = 'Validation: Testing client application reachability, Request-Id: 1';
  const asked = {
    method: 'POST',
    url: `${INBOUND_URL}?validationToken=${encodeURIComponent(text)}`,
  };
  assert.deepEqual(seen(ask(graph, asked)), [200, text, false]);
  assert.equal(ask(graph, { ...asked, method: 'GET' }), null);
});

test('Meta: the challenge for the right token, 403 for any other or none', () => {
  const meta = { kind: 'meta' } as const;
  const config = { verify_token: 'mine' };
  const query = (token: string, challenge = '1158201444') =>
    get(`hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=${challenge}`);
  assert.deepEqual(seen(ask(meta, query('mine'), { config })), [200, '1158201444', false]);
  for (const parts of [query('other'), query(''), query('mine', '%3Cb%3E')]) {
    const reply = ask(meta, parts, { config });
    assert.equal(reply?.status, 403);
    assert.equal(reply.body, '');
    assert.ok(reply.refused);
  }
  assert.match(ask(meta, query(''))?.refused ?? '', /config\.verify_token/);
  assert.equal(ask(meta, get('x=1'), { config }), null);
});

test('WebSub: only topics that the owner asked for, and leaving only if allowed', () => {
  const websub = { kind: 'websub' } as const;
  const config = { topic: 'https://a.example/feed, https://b.example/feed' };
  const query = (mode: string, topic: string) =>
    get(`hub.mode=${mode}&hub.topic=${encodeURIComponent(topic)}&hub.challenge=abc`);
  const feed = 'https://b.example/feed';
  assert.deepEqual(seen(ask(websub, query('subscribe', feed), { config })), [200, 'abc', false]);
  assert.equal(ask(websub, query('subscribe', 'https://evil.example/'), { config })?.status, 404);
  assert.equal(ask(websub, query('subscribe', ''))?.status, 404);
  assert.equal(ask(websub, query('unsubscribe', feed), { config })?.status, 404);
  const leaving = { config: { ...config, allow_unsubscribe: 'true' } };
  assert.equal(ask(websub, query('unsubscribe', feed), leaving)?.status, 200);
  assert.equal(ask(websub, query('denied', feed))?.status, 200);
  assert.equal(ask(websub, query('publish', feed)), null);
});

test('CloudEvents: the origin that asks is allowed, and no other', () => {
  const options = { kind: 'cloudevents-options' } as const;
  const asked = (origin: string | undefined, rate?: string): InboundParts => ({
    method: 'OPTIONS',
    headers: { 'WebHook-Request-Origin': origin, 'WebHook-Request-Rate': rate },
  });
  const reply = ask(options, asked('events.example.com', '120'));
  assert.equal(reply?.headers['webhook-allowed-origin'], 'events.example.com');
  assert.equal(reply.headers['webhook-allowed-rate'], '120');
  assert.equal(reply.headers['allow'], 'POST');
  const config = { allowed_origins: 'other.example' };
  for (const refused of [
    ask(options, asked('events.example.com'), { config }),
    ask(options, asked('*')),
    ask(options, asked('a b')),
    ask(options, asked('')),
  ]) {
    assert.equal(refused?.status, 405);
    assert.equal(refused.headers['webhook-allowed-origin'], undefined);
  }
  assert.equal(ask(options, asked(undefined)), null);
});

test('Zoom: the token is signed, but never a text that could be an event', () => {
  const zoom = { kind: 'zoom' } as const;
  const asked = (plainToken: unknown) =>
    post({ event: 'endpoint.url_validation', payload: { plainToken }, event_ts: 1 });
  const encryptedToken = createHmac('sha256', 'the secret').update('qgg8vlvZ').digest('hex');
  const expected = JSON.stringify({ plainToken: 'qgg8vlvZ', encryptedToken });
  assert.deepEqual(seen(ask(zoom, asked('qgg8vlvZ'))), [200, expected, false]);
  for (const token of ['v0:1700000000:{}', '', '{"a":1}', 1, null, 'a:b', 'x'.repeat(129)]) {
    const reply = ask(zoom, asked(token));
    assert.equal(reply?.status, 400);
    assert.equal(reply.body, '', 'nothing is signed');
  }
  assert.equal(ask(zoom, asked('abc'), { secrets: [] })?.status, 400);
  assert.equal(ask(zoom, post({ event: 'meeting.started' })), null);
});

test('X: the token is signed, but never a text that could be an event', () => {
  const crc = { kind: 'x-crc' } as const;
  const token = '9b4507b3-9040-4669-9ca3-6b94edb50553';
  // Key and answer from a public example of the handshake.
  const secrets = ['z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu'];
  const expected = '{"response_token":"sha256=Cytd4Sq+NvEcV3MMrXxWJGJx5A+y/lXzzU2Maartkx8="}';
  assert.deepEqual(seen(ask(crc, get(`crc_token=${token}`), { secrets })), [200, expected, false]);
  for (const forged of ['{"for_user_id":"1"}', '[]', '123', 'true', 'null', '"a"', '']) {
    const reply = ask(crc, get(`crc_token=${encodeURIComponent(forged)}`));
    assert.equal(reply?.status, 400, forged);
    assert.equal(reply.body, '');
  }
  assert.equal(ask(crc, get('other=1')), null);
});

test('Asana and Notion: the first secret counts, and no later one replaces it', () => {
  const asana = { kind: 'header-echo', header: 'X-Hook-Secret' } as const;
  const notion = { kind: 'token-delivery', field: 'verification_token' } as const;
  const secret = 'b537207f20cbfa02357cf448134da559';
  const none = { secrets: [] };
  const ways = [
    [asana, (text: string): InboundParts => ({ headers: { 'x-hook-secret': text } })],
    [notion, (text: string) => post({ verification_token: text })],
  ] as const;
  for (const [description, asked] of ways) {
    const first = ask(description, asked(secret), none);
    assert.deepEqual([first?.status, first?.newSecret], [200, secret]);
    const again = ask(description, asked(secret), { secrets: [secret] });
    assert.deepEqual([again?.status, again?.newSecret], [200, undefined]);
    const taken = ask(description, asked('another secret0'.replace(' ', '-')), {
      secrets: [secret],
    });
    assert.deepEqual([taken?.status, taken?.newSecret], [400, undefined]);
    const other = ask(description, asked('another-secret-of-someone'), { secrets: [secret] });
    assert.deepEqual([other?.status, other?.newSecret], [403, undefined]);
    assert.equal(ask(description, asked('short'), none)?.newSecret, undefined);
  }
  const echoed = ask(asana, { headers: { 'x-hook-secret': secret } }, none);
  assert.equal(echoed?.headers['x-hook-secret'], secret);
  assert.equal(ask(notion, post({ verification_token: secret, type: 'page.created' })), null);
});

test('Okta, Trello, WooCommerce: a header, a glance, a number', () => {
  const okta = {
    kind: 'header-to-json',
    header: 'X-Okta-Verification-Challenge',
    field: 'verification',
  } as const;
  const asked = { method: 'GET', headers: { 'x-okta-verification-challenge': 'abc' } };
  assert.deepEqual(seen(ask(okta, asked)), [200, '{"verification":"abc"}', false]);
  assert.equal(ask(okta, { method: 'GET' }), null);
  assert.deepEqual(seen(ask({ kind: 'head' }, { method: 'HEAD' })), [200, '', false]);
  assert.equal(ask({ kind: 'head' }, {}), null);
  const woo = { kind: 'unsigned-form-ping', field: 'webhook_id' } as const;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal(ask(woo, { headers, body: 'webhook_id=12' })?.status, 200);
  for (const body of ['webhook_id=12&a=1', 'webhook_id=', 'id=1', 'webhook_id=x', '']) {
    assert.equal(ask(woo, { headers, body }), null, body);
  }
  assert.equal(ask(woo, { body: 'webhook_id=12' }), null);
});

test('Discord: pings of both kinds need a signature; events of type 1 are events', () => {
  const discord = { kind: 'discord-ping' } as const;
  assert.deepEqual(seen(ask(discord, post({ type: 1 }))), [200, '{"type":1}', true]);
  assert.deepEqual(seen(ask(discord, post({ type: 0, version: 1 }))), [204, '', true]);
  assert.equal(ask(discord, post({ type: 1, event: { type: 'X' } })), null);
  for (const type of [2, '1', true, null, [1]]) assert.equal(ask(discord, post({ type })), null);
});

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders';
const confirmation = (url: string): InboundParts => ({
  headers: { 'content-type': 'text/plain; charset=UTF-8' },
  body: JSON.stringify({
    Type: 'SubscriptionConfirmation',
    TopicArn: TOPIC,
    Token: 'tok',
    SubscribeURL: url,
  }),
});

test('SNS: a URL is visited once it is signed, if it is of SNS and for this topic', () => {
  const sns = { kind: 'sns' } as const;
  const query = `Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=tok`;
  const good = `https://sns.us-east-1.amazonaws.com/?${query}`;
  const reply = ask(sns, confirmation(good));
  assert.deepEqual(seen(reply), [200, '', true]);
  assert.equal(reply?.confirm, new URL(good).href);
  const bad = [
    good.replace('https', 'http'),
    good.replace('sns.us-east-1.amazonaws.com', 'sns.us-east-1.amazonaws.com.evil.example'),
    good.replace('sns.us-east-1.amazonaws.com', 'evil.example'),
    good.replace('sns.us-east-1', 'x@sns.us-east-1'),
    good.replace('amazonaws.com/', 'amazonaws.com:444/'),
    good.replace('/?', '/path?'),
    good.replace('ConfirmSubscription', 'DeleteTopic'),
    good.replace('Token=tok', 'Token=other'),
    `${good}&Action=DeleteTopic`,
    good.replace(TOPIC, `${TOPIC}2`),
    'http://169.254.169.254/latest/meta-data/',
    '',
  ];
  for (const url of bad) {
    const refused = ask(sns, confirmation(url));
    assert.equal(refused?.status, 403, url);
    assert.equal(refused.confirm, undefined);
  }
  assert.equal(ask(sns, post({ Type: 'Notification' })), null);
  assert.equal(ask(sns, post({ Type: 'UnsubscribeConfirmation' })), null);
});

test('Event Grid: the code is repeated; its URL is not visited', () => {
  const grid = { kind: 'event-grid' } as const;
  const headers = { 'aeg-event-type': 'SubscriptionValidation' };
  const event = {
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    data: { validationCode: '512d38b6-c7b8-40c8', validationUrl: 'https://evil.example/' },
  };
  const asked = (events: unknown[]) => ({ headers, body: JSON.stringify(events) });
  const reply = ask(grid, asked([event]));
  assert.deepEqual(seen(reply), [200, '{"validationResponse":"512d38b6-c7b8-40c8"}', false]);
  assert.equal(reply?.confirm, undefined);
  assert.equal(ask(grid, { body: JSON.stringify([event]) }), null, 'the header is needed');
  assert.equal(ask(grid, asked([event, event])), null);
  assert.equal(ask(grid, asked([{ ...event, eventType: 'other' }])), null);
  const options = {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'eventgrid.azure.net' },
  };
  assert.equal(ask(grid, options)?.headers['webhook-allowed-origin'], 'eventgrid.azure.net');
});

test('Shared Signals: a verification event is no event, and its state must fit', () => {
  const ssf = { kind: 'ssf-verification' } as const;
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (events: object) =>
    `${encoded({ alg: 'RS256', kid: 'a' })}.${encoded({ events })}.${encoded({})}`;
  const type = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
  const body = token({ [type]: { state: 'abc' } });
  assert.deepEqual(seen(ask(ssf, { body })), [202, '', true]);
  const config = { verification_state: 'abc' };
  assert.equal(ask(ssf, { body }, { config })?.status, 202);
  assert.equal(ask(ssf, { body }, { config: { verification_state: 'x' } })?.status, 400);
  assert.equal(ask(ssf, { body: token({ other: {} }) }), null);
  assert.equal(ask(ssf, { body: 'x' }), null);
});
