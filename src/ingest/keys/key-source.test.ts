import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  KEY_FAILURE_SECONDS,
  KEY_ORIGIN_BURST,
  KEY_ORIGIN_REFILL_SECONDS,
  KEY_REFRESH_SECONDS,
  MAX_KEY_AGE_SECONDS,
  MAX_KEY_DOCUMENT_BYTES,
  STALE_KEY_SECONDS,
} from '../../domain/limits-keys.ts';
import { parseAllowTargets } from '../../egress/allow-targets.ts';
import { startHttp } from '../../egress/testing/servers.ts';
import { setupEgress } from '../../egress/testing/setup.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { GuardedKeySource } from './key-source.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

interface World {
  readonly keys: GuardedKeySource;
  readonly clock: SimulatedClock;
  readonly url: string;
  /** Method and path of what arrived, in order. */
  readonly asked: string[];
  answer: Answer;
}

/** A publisher of keys on loopback; until told otherwise it numbers its answers. */
async function setup(t: TestContext): Promise<World> {
  const clock = new SimulatedClock(1_700_000_000_000);
  const asked: string[] = [];
  const current: { answer: Answer } = {
    answer: (response) => response.end(`keys ${asked.length}`),
  };
  const server = await startHttp(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    current.answer(response, request);
  });
  const keys = new GuardedKeySource({ egress: setupEgress(t), clock });
  return Object.assign(current, {
    keys,
    clock,
    url: `http://127.0.0.1:${server.port}/jwks`,
    asked,
  });
}

const seconds = (count: number) => count * 1000;

test('a document is asked for once while it is fresh, and again afterwards', async (t) => {
  const { keys, url, clock, asked } = await setup(t);
  assert.equal(await keys.document(url, false), 'keys 1');
  await clock.advance(seconds(3599));
  assert.equal(await keys.document(url, false), 'keys 1');
  await clock.advance(seconds(2));
  assert.equal(await keys.document(url, false), 'keys 2');
  assert.deepEqual(asked, ['GET /jwks', 'GET /jwks']);
});

test('Cache-Control decides how long, within bounds', async (t) => {
  const world = await setup(t);
  const { keys, url, clock, asked } = world;
  world.answer = (response) =>
    response.setHeader('cache-control', 'public, max-age=31536000').end('keys');
  await keys.document(url, false);
  await clock.advance(seconds(MAX_KEY_AGE_SECONDS - 1));
  await keys.document(url, false);
  assert.equal(asked.length, 1);
  await clock.advance(seconds(2));
  world.answer = (response) => response.setHeader('cache-control', 'no-store').end('keys');
  await keys.document(url, false);
  await keys.document(url, false);
  assert.equal(asked.length, 2, 'no-store is not a request for every event');
});

test('who waits for the same document at the same time shares one request', async (t) => {
  const { keys, url, asked } = await setup(t);
  const texts = await Promise.all(Array.from({ length: 50 }, () => keys.document(url, false)));
  assert.deepEqual(new Set(texts), new Set(['keys 1']));
  assert.equal(asked.length, 1);
});

test('a flood of unknown keys leads to one new request a minute', async (t) => {
  const { keys, url, clock, asked } = await setup(t);
  await keys.document(url, false);
  for (let round = 0; round < 100; round += 1) await keys.document(url, true);
  assert.equal(asked.length, 1, 'what has just come is not asked for again');
  await clock.advance(seconds(KEY_REFRESH_SECONDS));
  const texts = await Promise.all(Array.from({ length: 100 }, () => keys.document(url, true)));
  assert.deepEqual(new Set(texts), new Set(['keys 2']));
  assert.equal(asked.length, 2);
});

test('a failure is remembered for a while, and says why', async (t) => {
  const world = await setup(t);
  const { keys, url, clock, asked } = world;
  world.answer = (response) => response.writeHead(404).end();
  await assert.rejects(keys.document(url, false), /status 404/);
  await assert.rejects(keys.document(url, true), /status 404/);
  assert.equal(asked.length, 1);
  await clock.advance(seconds(KEY_FAILURE_SECONDS));
  world.answer = (response) => response.end('keys');
  assert.equal(await keys.document(url, false), 'keys');
});

test('a known document serves on while its publisher fails, but not for ever', async (t) => {
  const world = await setup(t);
  const { keys, url, clock } = world;
  await keys.document(url, false);
  world.answer = (response) => response.destroy();
  await clock.advance(seconds(7200));
  assert.equal(await keys.document(url, false), 'keys 1');
  assert.equal(await keys.document(url, true), 'keys 1');
  await clock.advance(seconds(STALE_KEY_SECONDS));
  await assert.rejects(keys.document(url, false), /reset/);
});

test('redirects, other statuses, encodings and long or garbled answers are failures', async (t) => {
  const world = await setup(t);
  const answers: [Answer, RegExp][] = [
    [(response) => response.writeHead(302, { location: '/elsewhere' }).end(), /redirect/],
    [(response) => response.writeHead(204).end(), /status 204/],
    [(response) => response.setHeader('content-encoding', 'gzip').end('x'), /encoding/],
    [(response) => response.end('x'.repeat(MAX_KEY_DOCUMENT_BYTES + 1)), /more than/],
    [(response) => response.end('x'.repeat(1_000_000)), /more than/],
    [(response) => response.end(Buffer.from([0xff, 0xfe])), /UTF-8/],
  ];
  for (const [index, [answer, why]] of answers.entries()) {
    world.answer = answer;
    await assert.rejects(world.keys.document(`${world.url}/${index}`, false), why);
  }
  assert.equal(world.asked.length, answers.length, 'nothing was followed');
});

test('made-up URLs of one host are asked for at its pace', async (t) => {
  const world = await setup(t);
  const { keys, url, clock, asked } = world;
  world.answer = (response) => response.writeHead(403).end();
  await keys.document(url, false).catch(() => undefined);
  for (let index = 0; index < 200; index += 1) {
    await assert.rejects(keys.document(`${url}/${index}.pem`, false));
  }
  assert.equal(asked.length, KEY_ORIGIN_BURST);
  await assert.rejects(keys.document(`${url}/one-more.pem`, false), /short time/);
  await clock.advance(seconds(KEY_ORIGIN_REFILL_SECONDS));
  await assert.rejects(keys.document(`${url}/one-more.pem`, false), /status 403/);
});

test('what is asked by POST is kept apart by what it is asked with', async (t) => {
  const world = await setup(t);
  const { keys, url, asked } = world;
  const bodies: string[] = [];
  world.answer = (response, request) => {
    request.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
    request.on('end', () => response.end(`keys ${asked.length}`));
  };
  const [one, two] = ['{"key_id":"1","secret":"canary"}', '{"key_id":"2","secret":"canary"}'];
  assert.equal(await keys.document(url, false, one), 'keys 1');
  assert.equal(await keys.document(url, false, two), 'keys 2');
  assert.equal(await keys.document(url, false, one), 'keys 1');
  assert.deepEqual(bodies, [one, two]);
  assert.deepEqual(asked, ['POST /jwks', 'POST /jwks']);
});

test('addresses inside, and URLs that are none, are refused before anything is sent', async (t) => {
  const { clock } = await setup(t);
  const egress = setupEgress(t, { allowTargets: parseAllowTargets(''), allowHttp: false });
  const keys = new GuardedKeySource({ egress, clock });
  const urls = [
    'http://169.254.169.254/latest/meta-data',
    'https://127.0.0.1/jwks',
    'https://[::1]/jwks',
    'https://user:pass@sns.us-east-1.amazonaws.com/a.pem',
    'file:///etc/passwd',
    'no url',
  ];
  for (const url of urls) await assert.rejects(keys.document(url, false), Error, url);
});
