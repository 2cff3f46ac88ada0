/** The document at `/openapi.json`, held against the standard and against real answers. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { FakeReceiver } from '../../src/testing/fake-receiver.ts';
import { startBellwire, type RunningBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call, objectIn, type Reply } from './call.ts';

type Json = Record<string, unknown>;

/** What is used of ajv, the validator that the HTTP framework brings along. */
interface Validator {
  addSchema(schema: object, key: string): void;
  compile(schema: object): ((value: unknown) => boolean) & { readonly errors?: unknown };
}

let receiver: FakeReceiver;
let server: RunningBellwire;
let document: Json;
let validator: Validator;

before(async () => {
  receiver = await FakeReceiver.start();
  server = await startBellwire();
  document = objectIn(await call(server, '/openapi.json', { headers: { authorization: '' } }));
  validator = newValidator();
  // JSON Schema knows the rest of the document as nothing but keywords of no meaning.
  validator.addSchema(document, 'openapi');
});

after(async () => {
  await receiver.close();
  await server.stop();
});

function newValidator(): Validator {
  const requireLikeFastify = createRequire(import.meta.resolve('fastify'));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types are not ours to see
  const { default: Ajv } = requireLikeFastify('ajv/dist/2020') as {
    default: new (options: object) => Validator;
  };
  return new Ajv({ strict: false, validateFormats: false, allErrors: true });
}

function member(value: unknown, ...path: string[]): unknown {
  return path.reduce((at, key) => (isObject(at) ? at[key] : undefined), value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly content: Json;
}

function operations(): Operation[] {
  return Object.entries(member(document, 'paths') ?? {}).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const content = member(methods, method);
      return isObject(content) ? [{ path, method, content }] : [];
    }),
  );
}

/** Every `schema` in the document, with its place as a JSON Pointer. */
function* schemas(value: unknown, pointer = ''): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (key === 'schema') yield at;
    else yield* schemas(child, at);
  }
}

test('the document is OpenAPI 3.1', () => {
  assert.match(String(document['openapi']), /^3\.1\.\d+$/);
  assert.ok(member(document, 'info', 'title') && member(document, 'info', 'version'));
  const found = operations();
  assert.ok(found.length >= 20, `${found.length} operations`);
  const names = found.map(({ content }) => content['operationId']);
  assert.equal(new Set(names).size, names.length, 'an operationId is used twice');
  for (const { path, method, content } of found) {
    const about = `${method} ${path}`;
    assert.ok(path.startsWith('/'), about);
    const responses = Object.entries(content['responses'] ?? {});
    assert.ok(responses.length > 0, about);
    for (const [status, response] of responses) {
      assert.match(status, /^[1-5]\d\d$/, about);
      assert.equal(typeof member(response, 'description'), 'string', `${about} ${status}`);
    }
    for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
      const parameters = Array.isArray(content['parameters']) ? content['parameters'] : [];
      const declared = parameters.find((one) => member(one, 'name') === name);
      assert.equal(member(declared, 'in'), 'path', about);
      assert.equal(member(declared, 'required'), true, about);
    }
  }
});

test('every schema in it is a schema, and every reference leads somewhere', () => {
  const pointers = [...schemas(document)].concat(
    Object.keys(member(document, 'components', 'schemas') ?? {}).map(
      (name) => `/components/schemas/${name}`,
    ),
  );
  assert.ok(pointers.length > 50);
  for (const pointer of pointers) {
    assert.doesNotThrow(
      () => validator.compile({ $ref: `openapi#${encodeURI(pointer)}` }),
      pointer,
    );
  }
});

/** Fails unless the reply is what the document says this operation answers. */
function assertDocumented(method: string, path: string, reply: Reply): void {
  const about = `${method} ${path} ${reply.status}: ${reply.text.slice(0, 500)}`;
  const response = member(document, 'paths', path, method, 'responses', String(reply.status));
  assert.ok(isObject(response), `undocumented: ${about}`);
  if (reply.status === 204) return;
  const type = reply.headers.get('content-type')?.split(';', 1)[0] ?? '';
  const escaped = [path, type].map((part) => encodeURIComponent(part.replaceAll('/', '~1')));
  const [atPath = '', atType = ''] = escaped;
  const place = `/paths/${atPath}/${method}/responses/${reply.status}/content/${atType}/schema`;
  assert.ok(member(response, 'content', type, 'schema'), `undocumented type ${type}: ${about}`);
  const validate = validator.compile({ $ref: `openapi#${place}` });
  assert.ok(validate(JSON.parse(reply.text)), `${about}: ${JSON.stringify(validate.errors)}`);
}

/** Calls a route, and holds its answer against the document. */
async function said(method: string, path: string, id: string, body?: unknown): Promise<Json> {
  const reply = await call(server, path.replace(/\{\w+\}/, id), {
    method: method.toUpperCase(),
    body,
  });
  assertDocumented(method, path, reply);
  return reply.text === '' ? {} : objectIn(reply);
}

test('real answers are what the document says', async () => {
  const { client } = server;
  const base = '/v1/webhooks/subscriptions';
  receiver.script('/failing', { status: 500, body: Buffer.from([0xff]) }, {});
  const subscription = { event_type: 'a.b', target_url: `${receiver.url}/failing` };
  const sub = String((await said('post', base, '', subscription))['id']);
  const event = { event_type: 'a.b', data: { x: 1 }, metadata: { y: null }, task_id: 't' };
  const evt = String((await said('post', '/v1/events', '', event))['id']);
  await said('post', '/v1/events/batch', '', [event, { event_type: '' }]);
  const delivery = await waitUntil(
    async () => {
      const [first] = (await client.events.deliveries(evt).page()).data;
      return first?.status === 'waiting' && first;
    },
    { what: 'the failed attempt' },
  );
  for (const [path, id] of [
    ['/v1/events', ''],
    ['/v1/events/{id}', evt],
    ['/v1/events/{id}', 'evt_unknown'],
    ['/v1/events/{id}/deliveries', evt],
    ['/v1/deliveries', ''],
    ['/v1/deliveries/{id}', delivery.id],
    ['/v1/deliveries/{id}/attempts', delivery.id],
    [base, ''],
    [`${base}/{id}`, sub],
    [`${base}/{id}/health`, sub],
    ['/v1/api-keys', ''],
    ['/healthz', ''],
    ['/readyz', ''],
  ] as const) {
    await said('get', path, id);
  }
  await said('patch', `${base}/{id}`, sub, { name: 'renamed', rate_limit: 5 });
  await said('patch', `${base}/{id}`, sub, { unknown: 1 });
  await said('post', `${base}/{id}/test`, sub);
  await said('post', `${base}/{id}/pause`, sub);
  await said('post', `${base}/{id}/resume`, sub);
  await said('post', '/v1/deliveries/{id}/resend', delivery.id);
  await waitUntil(async () => (await client.deliveries.get(delivery.id)).status === 'delivered', {
    what: 'the delivery that was sent again',
  });
  await said('post', '/v1/deliveries/{id}/cancel', delivery.id);
  await said('delete', `${base}/{id}`, sub);
  await said('delete', `${base}/{id}`, sub);
});

test('so are those about tenants', async () => {
  const quotas = { events_per_second: 5 };
  await said('post', '/v1/tenants', '', { name: 'acme', quotas, redact: ['data.x'] });
  await said('post', '/v1/tenants', '', { name: 'acme' });
  await said('post', '/v1/events/broadcast', '', { event_type: 'a', tenants: ['acme'] });
  await said('get', '/v1/tenants', '');
  await said('get', '/v1/tenants/{name}', 'acme');
  await said('patch', '/v1/tenants/{name}', 'acme', { quotas: null, retention_days: 3 });
  await said('delete', '/v1/tenants/{name}', 'acme');
  await said('patch', '/v1/tenants/{name}', 'acme', {});
  await said('get', '/v1/tenants/{name}', 'nobody');
  await said('get', '/v1/egress-ips', '');
});

test('so are those about secrets, credentials and challenges', async () => {
  const base = '/v1/webhooks/subscriptions';
  const subscription = { event_type: 'b.c', target_url: `${receiver.url}/unproven` };
  const auth = { kind: 'basic', username: 'a', password: 'b' };
  const signatures = ['standard', { scheme: 'github', header: 'X-Acme' }];
  const choices = { auth, signatures, signing: 'ed25519', challenge: true };
  const sub = String((await said('post', base, '', { ...subscription, ...choices }))['id']);
  await said('post', `${base}/{id}/rotate-secret`, sub, { overlap_seconds: 60 });
  await said('post', `${base}/{id}/rotate-secret`, sub, { overlap_seconds: -1 });
  await said('post', `${base}/{id}/verify`, sub);
  await said('get', `${base}/{id}`, sub);
});

test('an answer that the document does not describe would be noticed', async () => {
  const reply = await call(server, '/readyz');
  const changed = { ...reply, text: reply.text.replace('"status"', '"state"') };
  assert.throws(() => assertDocumented('get', '/readyz', changed), /must have required property/);
  const otherStatus = { ...reply, status: 418 };
  assert.throws(() => assertDocumented('get', '/readyz', otherStatus), /undocumented/);
});

test('/docs is a page of this server alone', async () => {
  const page = await fetch(`${server.url}/docs`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const html = await page.text();
  assert.doesNotMatch(html, /(?:src|href|action)\s*=\s*["']?\s*(?:https?:)?\/\//i);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval/);
  const [, script = ''] = /<script src="([^"]+)"/.exec(html) ?? [];
  const loaded = await fetch(new URL(script, page.url));
  assert.equal(loaded.status, 200);
  assert.match(loaded.headers.get('content-type') ?? '', /javascript/);
  assert.ok((await loaded.arrayBuffer()).byteLength > 100_000);
});
