/** Redis Streams against the contract, and what is their own. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createClient } from 'redis';
import {
  attempt,
  destinationContract,
  jobFor,
  outcomeOf,
  subscriptionTo,
} from '../contract/destination-contract.ts';
import type { DestinationWorld, ReceivedMessage } from '../contract/harness.ts';
import { openBroker, whyAbsent } from '../testing/broker-world.ts';
import { redis } from './redis.ts';

const PORT = 6379;
const skip = await whyAbsent('Redis', PORT);
let streamCount = 0;

interface RedisWorld extends DestinationWorld {
  readonly stream: string;
  readonly length: () => Promise<number>;
}

async function openWorld(t: TestContext): Promise<RedisWorld> {
  streamCount += 1;
  const stream = `bellwire-test-${process.pid}-${streamCount}`;
  const client = createClient({ socket: { host: '127.0.0.1', port: PORT } });
  await client.connect();
  const user = `${stream}-user`;
  await client.sendCommand(['ACL', 'SETUSER', user, 'on', '>right', '~*', '+@all']);
  await client.set(`${stream}-text`, 'not a stream');
  t.after(async () => {
    await client.del([stream, `${stream}-text`]);
    await client.sendCommand(['ACL', 'DELUSER', user]);
    await client.close();
  });
  const { proxy, destination } = await openBroker(t, redis, PORT);
  const url = `redis://127.0.0.1:${proxy.port}`;
  const place = { kind: 'redis', url, stream, maxLength: null } as const;
  const where = { destination: place, credentials: { username: user, password: 'right' } };
  const received = async (count: number): Promise<readonly ReceivedMessage[]> => {
    const entries = (await client.xRange(stream, '-', '+')) ?? [];
    assert.ok(entries.length >= count, `${entries.length} entries instead of ${count}`);
    return entries.map(({ message: { body = '', ...headers } }) => ({
      body: Buffer.from(body),
      headers,
    }));
  };
  return {
    destination,
    proxy,
    where,
    received,
    wrongCredentials: { ...where, credentials: { username: user, password: 'very wrong' } },
    rejecting: { ...where, destination: { ...place, stream: `${stream}-text` } },
    poison: null,
    stream,
    length: () => client.xLen(stream),
  };
}

destinationContract({ name: 'redis', skip, open: openWorld });

test('a stream keeps about as many entries as it is asked to', { skip }, async (t) => {
  const world = await openWorld(t);
  const place = world.where.destination;
  assert.ok(place.kind === 'redis');
  const destination = { ...place, maxLength: 100 };
  const subscription = subscriptionTo({ ...world.where, destination });
  const jobs = Array.from({ length: 1_000 }, (_, index) => jobFor(subscription, index + 1));
  const results = await Promise.all(jobs.map((job) => attempt(world, job)));
  assert.deepEqual([...new Set(results.map(outcomeOf))], ['delivered']);
  const length = await world.length();
  assert.ok(length >= 100 && length < 300, `${length} entries`);
});

test('what was taken is told by the id of its entry', { skip }, async (t) => {
  const world = await openWorld(t);
  const result = await attempt(world, jobFor(subscriptionTo(world.where), 1));
  assert.ok(result.kind === 'taken');
  assert.match(result.detail, /^entry \d+-\d+ of the stream$/);
});
