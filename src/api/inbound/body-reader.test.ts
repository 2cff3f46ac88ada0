import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type ClientRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { BodyReader, type BodyEnd } from './body-reader.ts';

interface World {
  readonly clock: SimulatedClock;
  readonly reader: BodyReader;
  readonly url: string;
  /** How each body ended, in order. */
  readonly next: () => Promise<BodyEnd>;
  /** Resolves once so many requests have come. */
  readonly seen: (requests: number) => Promise<void>;
  /** Resolves once so many bytes are held. */
  readonly holds: (bytes: number) => Promise<void>;
}

const MAX_BYTES = 4_000;

async function start(t: TestContext, maxReceivingBytes?: number): Promise<World> {
  const clock = new SimulatedClock(0);
  const reader = new BodyReader({ clock, ...(maxReceivingBytes && { maxReceivingBytes }) });
  const ends: BodyEnd[] = [];
  const waiting: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  const seen: object[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    arrivals.splice(0).forEach((look) => look());
    reader.read(request, MAX_BYTES, (end) => {
      ends.push(end);
      for (const look of waiting.splice(0)) look();
      response.end();
    });
    request.on('data', () => arrivals.splice(0).forEach((look) => look()));
    request.on('close', () => arrivals.splice(0).forEach((look) => look()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    clock,
    reader,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async next() {
      while (ends.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      return ends.shift() as BodyEnd;
    },
    async seen(count) {
      while (seen.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
    async holds(bytes) {
      while (reader.receivingBytes !== bytes) {
        await new Promise<void>((resolve) => arrivals.push(resolve));
      }
    },
  };
}

/** An open request; errors of connections that the server ends are of no interest. */
function open(url: string, headers: Record<string, string> = {}): ClientRequest {
  const request = httpRequest(url, { method: 'POST', headers });
  request.on('error', () => {});
  request.flushHeaders();
  return request;
}

test('a body in pieces comes out whole, and nothing of it is held afterwards', async (t) => {
  const world = await start(t);
  const request = open(world.url);
  request.write('one ');
  await world.holds(4);
  request.end('two');
  const end = await world.next();
  assert.equal(end.kind === 'body' && end.body.toString(), 'one two');
  assert.equal(world.reader.receivingBytes, 0);
});

test('a body without an end is refused as soon as it is too large', async (t) => {
  const world = await start(t);
  const request = open(world.url);
  request.write('x'.repeat(3_999));
  await world.holds(3_999);
  request.write('xx');
  assert.deepEqual(await world.next(), { kind: 'payload_too_large', bytes: 4_001 });
  assert.equal(world.reader.receivingBytes, 0);
  const [response] = (await once(request, 'response')) as [{ statusCode: number }];
  assert.equal(response.statusCode, 200);
});

test('a body slower than 256 bytes a second ends after five seconds', async (t) => {
  const world = await start(t);
  open(world.url, { 'content-length': '10' });
  await world.seen(1);
  const steady = open(world.url);
  steady.write('y'.repeat(1_900));
  await world.holds(1_900);
  await world.clock.advance(4_000);
  assert.equal(world.reader.receivingBytes, 1_900);
  await world.clock.advance(2_000);
  assert.deepEqual(await world.next(), { kind: 'slow_body', bytes: 0 });
  steady.end();
  assert.equal((await world.next()).kind, 'body');
});

test('all bodies together are bounded', async (t) => {
  const world = await start(t, 1_500);
  const first = open(world.url);
  first.write('x'.repeat(900));
  await world.holds(900);
  const second = open(world.url);
  second.write('x'.repeat(700));
  assert.deepEqual(await world.next(), { kind: 'too_busy', bytes: 700 });
  first.end();
  assert.equal((await world.next()).kind, 'body');
});

test('a sender that goes away leaves nothing behind', async (t) => {
  const world = await start(t);
  const request = open(world.url);
  request.write('x'.repeat(10));
  await world.holds(10);
  request.destroy();
  await world.holds(0);
  await world.clock.advance(10_000);
  assert.equal(world.clock.pendingTimers, 0);
});
