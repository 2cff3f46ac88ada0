import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SOURCE_CHOICES, type Source } from '../domain/source.ts';
import type { NewInbound } from '../storage/inbound.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { NotedRequests } from './noted-requests.ts';

const source: Source = {
  ...DEFAULT_SOURCE_CHOICES,
  provider: 'github',
  number: 1,
  id: 'src_1',
  tenant: 1,
  token: 'token',
  secrets: [],
  status: 'active',
  lockedReason: null,
  createdAt: 0,
  updatedAt: 0,
};

const one: NewInbound = {
  tenant: 1,
  source: 1,
  receivedAt: 0,
  status: 'rejected',
  reason: 'wrong_signature',
  detail: null,
  eventSequence: null,
  eventId: null,
  providerEventId: null,
  method: 'POST',
  headers: '{}',
  body: null,
  bodyBytes: 1,
  remoteAddress: null,
};

test('of a flood the first are kept, then ten a second, and the rest is counted', async () => {
  const clock = new SimulatedClock(0);
  const rows: NewInbound[] = [];
  const noted = new NotedRequests({ note: (row) => rows.push(row), clock });
  let made = 0;
  const add = (count: number, reason: string): void => {
    for (let index = 0; index < count; index += 1) {
      noted.add(source, 'rejected', reason, () => {
        made += 1;
        return { ...one, reason };
      });
    }
  };
  add(5_000, 'wrong_signature');
  add(20, 'stale_timestamp');
  assert.deepEqual([rows.length, made], [100, 100]);
  await clock.advance(1_000);
  assert.equal(rows.length, 101);
  const last = rows.at(-1);
  assert.equal(last?.reason, 'counted_only');
  assert.match(last?.detail ?? '', /^4920 more .* 4900 × wrong_signature, 20 × stale_timestamp\.$/);
  add(30, 'wrong_signature');
  assert.equal(rows.length, 111);
  noted.add(source, 'handshake', 'challenge', () => ({ ...one, status: 'handshake' }));
  assert.equal(rows.length, 112);
  noted.stop();
  assert.equal(rows.length, 113);
  assert.equal(clock.pendingTimers, 0);
});
