/** Destinations other than webhooks, as the API takes, keeps, shows and refuses them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const PATH = '/v1/webhooks/subscriptions';

const RABBITMQ = {
  kind: 'rabbitmq',
  url: 'amqps://agent:s3cret%21@Rabbit.example.com/orders%2Feu',
  exchange: 'events',
  routing_key: '{event_type}',
};

interface Shown {
  readonly destination: object;
  readonly shown: object;
  readonly credentials: object | null;
}

const KINDS: Readonly<Record<string, Shown>> = {
  rabbitmq: {
    destination: RABBITMQ,
    shown: {
      kind: 'rabbitmq',
      url: 'amqps://rabbit.example.com:5671/orders%2Feu',
      exchange: 'events',
      routing_key: '{event_type}',
      has_credentials: true,
    },
    credentials: { username: 'agent', password: 's3cret!' },
  },
  nats: {
    destination: {
      kind: 'nats',
      servers: ['tls://one.example.com', 'tls://two.example.com:4333'],
      subject: 'events.{event_type}',
      credentials: { token: 'a token of nats' },
    },
    shown: {
      kind: 'nats',
      servers: ['tls://one.example.com:4222', 'tls://two.example.com:4333'],
      subject: 'events.{event_type}',
      has_credentials: true,
    },
    credentials: { token: 'a token of nats' },
  },
  redis: {
    destination: { kind: 'redis', url: 'rediss://:pass@redis.example.com/3', stream: 'events' },
    shown: {
      kind: 'redis',
      url: 'rediss://redis.example.com:6380/3',
      stream: 'events',
      max_length: null,
      has_credentials: true,
    },
    credentials: { username: '', password: 'pass' },
  },
  kafka: {
    destination: {
      kind: 'kafka',
      brokers: ['Kafka.example.com:9093'],
      topic: 'agent.events',
      credentials: { username: 'agent', password: 'of kafka', mechanism: 'plain' },
    },
    shown: {
      kind: 'kafka',
      brokers: ['kafka.example.com:9093'],
      topic: 'agent.events',
      tls: true,
      has_credentials: true,
    },
    credentials: { username: 'agent', password: 'of kafka', mechanism: 'plain' },
  },
  sqs: {
    destination: {
      kind: 'sqs',
      queue_url: 'https://sqs.eu-central-1.amazonaws.com/123456789012/events.fifo',
      region: 'eu-central-1',
      credentials: { access_key_id: 'AKIA', secret_access_key: 'of sqs' },
    },
    shown: {
      kind: 'sqs',
      queue_url: 'https://sqs.eu-central-1.amazonaws.com/123456789012/events.fifo',
      region: 'eu-central-1',
      endpoint: null,
      has_credentials: true,
    },
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'of sqs' },
  },
  inbox: {
    destination: { kind: 'inbox', name: 'planner' },
    shown: { kind: 'inbox', name: 'planner' },
    credentials: null,
  },
};

for (const [kind, { destination, shown, credentials }] of Object.entries(KINDS)) {
  test(`${kind}: what is written is kept, and no secret is read back`, async () => {
    const call = world.as(`kind-${kind}`);
    const created = await call(`POST ${PATH}`, { json: { event_type: 'a.b', destination } });
    assert.equal(created.status, 201, created.text);
    assert.equal(created.json['target_url'], null);
    assert.deepEqual(created.json['destination'], shown);
    const id = String(created.json['id']);
    const read = await call(`GET ${PATH}/${id}`);
    assert.deepEqual(read.json['destination'], shown);
    const kept = world.registry.known().find((one) => one.id === id);
    const stored = world.registry.byNumber(kept?.number ?? 0);
    assert.deepEqual(stored?.credentials, credentials);
    for (const secret of secretsOf(credentials)) assert.ok(!read.text.includes(secret));
    const rows = JSON.stringify(await world.storage.control.subscriptions());
    for (const secret of secretsOf(credentials)) assert.ok(!rows.includes(secret));
  });
}

function secretsOf(credentials: object | null): string[] {
  const hidden = Object.entries(credentials ?? {}).filter(([name]) =>
    /pass|token|secret/i.test(name),
  );
  return hidden.map(([, value]) => String(value));
}

const REFUSED: Readonly<Record<string, readonly [body: object, pointer: string, why: RegExp]>> = {
  'a scheme of another protocol': [
    { destination: { ...RABBITMQ, url: 'https://rabbit.example.com' } },
    '/destination/url',
    /amqp:\/\/ or amqps:\/\//,
  ],
  'a host that is not public': [
    { destination: { ...RABBITMQ, url: 'amqps://rabbit.internal' } },
    '/destination/url',
    /not public/,
  ],
  'no queue at all': [
    { destination: { ...RABBITMQ, exchange: '', routing_key: '' } },
    '/destination/routing_key',
    /name of the queue/,
  ],
  'credentials twice': [
    { destination: { ...RABBITMQ, credentials: { username: 'a', password: 'b' } } },
    '/destination/credentials',
    /beside a user or password in the URL/,
  ],
  'a parameter behind the URL': [
    { destination: { ...RABBITMQ, url: 'amqps://rabbit.example.com?heartbeat=1' } },
    '/destination/url',
    /no parameters/,
  ],
  'a wildcard in a subject': [
    { destination: { kind: 'nats', servers: ['tls://nats.example.com'], subject: 'a.*' } },
    '/destination/subject',
    /wildcards/,
  ],
  'the subjects of the NATS server itself': [
    { destination: { kind: 'nats', servers: ['tls://nats.example.com'], subject: '$JS.API.X' } },
    '/destination/subject',
    /for the server/,
  ],
  'a path that is no database': [
    { destination: { kind: 'redis', url: 'rediss://redis.example.com/x', stream: 's' } },
    '/destination/url',
    /number of a database/,
  ],
  'a broker without a port': [
    { destination: { kind: 'kafka', brokers: ['kafka.example.com'], topic: 't' } },
    '/destination/brokers/0',
    /host:port/,
  ],
  'a topic with a space': [
    { destination: { kind: 'kafka', brokers: ['kafka.example.com:9093'], topic: 'a b' } },
    '/destination/topic',
    /letters, digits/,
  ],
  'a queue URL that is none': [
    { destination: { kind: 'sqs', queue_url: 'queue', region: 'eu-central-1' } },
    '/destination/queue_url',
    /no URL/,
  ],
  'a name of an inbox with a space': [
    { destination: { kind: 'inbox', name: 'my inbox' } },
    '/destination/name',
    /lower-case letters/,
  ],
  'Authorization for a broker': [
    { destination: RABBITMQ, auth: { kind: 'bearer', token: 'x' } },
    '/auth',
    /destination\.credentials/,
  ],
  'signatures for a broker': [
    { destination: RABBITMQ, signatures: ['standard'] },
    '/signatures',
    /for webhooks/,
  ],
  'a signing secret for a broker': [
    { destination: RABBITMQ, secret: 'a secret of sixteen bytes' },
    '/secret',
    /not signed/,
  ],
  'a challenge for a broker': [
    { destination: RABBITMQ, challenge: true },
    '/challenge',
    /for webhooks/,
  ],
  'the binary mode of HTTP for a broker': [
    { destination: RABBITMQ, payload_format: 'cloudevents_binary' },
    '/payload_format',
    /use "cloudevents"/,
  ],
  'a member of another kind': [
    { destination: { ...RABBITMQ, topic: 'x' } },
    '/destination/topic',
    /not known here/,
  ],
};

for (const [what, [body, pointer, why]] of Object.entries(REFUSED)) {
  test(`${what} is refused by naming ${pointer}`, async () => {
    const json = { event_type: 'a.b', ...body };
    const reply = await world.as('refused')(`POST ${PATH}`, { json });
    assert.equal(reply.status, 422, reply.text);
    const errors = reply.json['errors'] as { pointer: string; detail: string }[];
    assert.equal(errors[0]?.pointer, pointer);
    assert.match(errors[0]?.detail ?? '', why);
    assert.ok(!reply.text.includes('s3cret'));
  });
}

test('credentials stay while it is the same server, and do not follow to another', async () => {
  const call = world.as('moved');
  const json = { event_type: 'a.b', destination: RABBITMQ };
  const created = await call(`POST ${PATH}`, { json });
  const route = `PATCH ${PATH}/${String(created.json['id'])}`;
  const { has_credentials: _shown, ...read } = created.json['destination'] as Record<
    string,
    unknown
  >;
  const same = await call(route, { json: { destination: { ...read, routing_key: 'other' } } });
  assert.equal((same.json['destination'] as Record<string, unknown>)['has_credentials'], true);
  const elsewhere = { ...read, url: 'amqps://rabbit.elsewhere.example.com' };
  const moved = await call(route, { json: { destination: elsewhere } });
  assert.equal((moved.json['destination'] as Record<string, unknown>)['has_credentials'], false);
});

test('what belonged to a webhook does not follow to a broker', async () => {
  const call = world.as('from-webhook');
  const auth = { kind: 'bearer', token: 'of-the-webhook' };
  const signatures = ['standard'];
  const target = { target_url: 'https://example.com/hook', auth, signatures };
  const created = await call(`POST ${PATH}`, { json: { event_type: 'a.b', ...target } });
  const route = `PATCH ${PATH}/${String(created.json['id'])}`;
  const moved = await call(route, { json: { destination: RABBITMQ } });
  assert.equal(moved.status, 200, moved.text);
  const { auth: noAuth, signatures: usual, target_url: none } = moved.json;
  assert.deepEqual([noAuth, usual, none], [null, ['standard', 'agent'], null]);
  const back = await call(route, { json: { target_url: 'https://example.com/hook' } });
  assert.deepEqual(back.json['destination'], { kind: 'webhook', url: 'https://example.com/hook' });
});

test('where every target has to be asked, a broker is not', async () => {
  const call = world.as('challenged');
  await call('GET /v1/events');
  const admin = world.as('default');
  const set = await admin('PATCH /v1/tenants/challenged', { json: { require_challenge: true } });
  assert.equal(set.status, 200, set.text);
  const created = await call(`POST ${PATH}`, {
    json: { event_type: 'a.b', destination: RABBITMQ },
  });
  assert.equal(created.json['challenge'], null);
  assert.equal(created.json['status'], 'active');
});
