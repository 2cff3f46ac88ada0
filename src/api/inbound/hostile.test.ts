/** Strangers at the front door, over real connections: floods, lies about lengths, odd headers. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';

const SECRET = 'a-secret-that-github-knows';
const GIB = 1024 ** 3;

let world: ApiWorld;
let call: Call;
let path: string;
before(async () => {
  world = await openApiWorld();
  call = world.as('hostile');
  const json = { provider: 'github', secret: SECRET, max_body_bytes: 2_000_000 };
  const made = await call('POST /v1/sources', { json });
  path = new URL(String(made.json['url'])).pathname;
});
after(() => world.close());

function mac(body: string | Buffer): string {
  return `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
}

/** Sends the bytes as they are; the status of the first answer, 0 when there is none. */
function raw(head: readonly string[], body: string | Buffer = ''): Promise<number> {
  const { hostname, port } = new URL(world.url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${[`POST ${path} HTTP/1.1`, 'host: x', ...head].join('\r\n')}\r\n\r\n`);
      socket.write(body);
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status === undefined) return;
      socket.destroy();
      resolve(Number(status));
    });
    socket.on('error', () => resolve(0));
    socket.on('close', () => resolve(0));
  });
}

function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(world.url + path, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': body,
      'x-github-event': 'push',
      'x-hub-signature-256': mac(body),
      ...headers,
    },
  });
}

async function reasons(count: number): Promise<unknown[]> {
  const { json } = await call(`GET /v1/inbound-requests?status=rejected&limit=${count}`);
  return (json['data'] as { reason: string }[]).map(({ reason }) => reason);
}

const JSON_TYPE = 'content-type: application/json';

test('a body of ten gigabytes is refused by its own word, before any of it is read', async () => {
  const length = `content-length: ${10 * GIB}`;
  assert.equal(await raw([JSON_TYPE, `x-hub-signature-256: ${mac('x')}`, length]), 413);
  assert.deepEqual(await reasons(1), ['payload_too_large']);
});

test('a body without an end is refused once it is too large', async () => {
  const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
  assert.equal(await raw([JSON_TYPE, 'transfer-encoding: chunked'], chunk.repeat(3)), 413);
  assert.deepEqual(await reasons(1), ['payload_too_large']);
});

test('two lengths, or a length and chunks, are no request at all', async () => {
  assert.equal(await raw([JSON_TYPE, 'content-length: 2', 'content-length: 3'], '{}'), 400);
  const both = [JSON_TYPE, 'content-length: 2', 'transfer-encoding: chunked'];
  assert.equal(await raw(both, '0\r\n\r\n'), 400);
});

test('compressed bodies are refused, however often they are wrapped', async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  for (const encoding of ['gzip', 'br', 'gzip, gzip', 'Deflate', 'identity, gzip', 'x']) {
    const head = [JSON_TYPE, `content-encoding: ${encoding}`, `content-length: ${bomb.length}`];
    assert.equal(await raw(head, bomb), 415, encoding);
  }
  const plain = await post('{"encoding":1}', { 'content-encoding': 'identity' });
  assert.equal(plain.status, 200);
});

test('a content type that the provider does not send is refused, whatever is inside', async () => {
  for (const type of ['text/html', 'application/json\t;', 'application/jsonx', 'multipart/mixed']) {
    const { status } = await post('{}', { 'content-type': type });
    assert.ok(status === 415 || type.startsWith('application/json\t'), `${type}: ${status}`);
  }
  assert.equal((await post('{"type":1}', { 'content-type': 'APPLICATION/JSON' })).status, 200);
});

test('each header dropped, emptied or doubled is refused, never skipped', async () => {
  const body = '{"doubled":1}';
  const length = `content-length: ${body.length}`;
  const right = `x-hub-signature-256: ${mac(body)}`;
  const wrong = `x-hub-signature-256: ${mac('other')}`;
  for (const signatures of [
    [],
    ['x-hub-signature-256:'],
    [right, right],
    [right, wrong],
    [wrong, right],
  ]) {
    const status = await raw([JSON_TYPE, length, ...signatures], body);
    assert.ok(status === 400 || status === 401, `${signatures.join()}: ${status}`);
  }
  assert.equal(await raw([JSON_TYPE, length, right, 'x-github-delivery: d'], body), 200);
});

test('JSON that nests 200,000 levels is refused, and so is JSON with a foreign byte', async () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  assert.equal((await post(deep, { 'x-github-delivery': 'deep' })).status, 400);
  const foreign = Buffer.from([0x22, 0xff, 0x22]);
  const head = [JSON_TYPE, 'content-length: 3', `x-hub-signature-256: ${mac(foreign)}`];
  assert.equal(await raw(head, foreign), 400);
  assert.deepEqual(await reasons(2), ['malformed_body', 'malformed_body']);
});

test('odd names in JSON and headers change nothing but themselves', async () => {
  const body = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  assert.equal((await post(body, { 'x-github-delivery': '__proto__' })).status, 200);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('the tenant and the sender’s address are not the sender’s to choose', async () => {
  const claims = { 'bellwire-tenant': 'other', 'x-forwarded-for': '203.0.113.7' };
  const reply = await post('{"tenant":"other","source_id":"src_1"}', claims);
  assert.equal(reply.status, 200);
  const forged = await post('{"forged":1}', { ...claims, 'x-hub-signature-256': mac('') });
  assert.equal(forged.status, 401);
  const { json } = await call('GET /v1/inbound-requests?status=rejected&limit=1');
  assert.match(JSON.stringify(json['data']), /"remote_address":"127\.0\.0\.1"/);
  assert.deepEqual((await world.as('other')('GET /v1/events')).json['data'], []);
});

test('thousands of made-up tokens are turned away, and the door stays open', async () => {
  const statuses = new Set<number>();
  for (let round = 0; round < 20; round += 1) {
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        fetch(`${world.url}/in/made-up-${round}-${index}?a=${'b'.repeat(500)}`, { method: 'POST' }),
      ),
    );
    for (const { status } of replies) statuses.add(status);
  }
  assert.deepEqual(statuses, new Set([404, 429]));
  assert.equal((await post('{"after":1}')).status, 200);
  assert.deepEqual(world.errors, []);
});
