import { describe, test } from 'node:test';
import { findTestServer } from '../../src/storage/postgres/testing/test-server.ts';
import { clusterScenario } from './cluster-scenario.ts';

const SMALL = {
  events: 2_000,
  targets: 10,
  leaseSeconds: 2,
  afterAcked: 1_000,
  deadlineMs: 40_000,
} as const;

const server = await findTestServer();
if (typeof server === 'string') describe('two nodes on one PostgreSQL', { skip: server });
else {
  await server.close();
  test('kill -9 of one of two nodes under load loses nothing', (t) =>
    clusterScenario(t, { ...SMALL, signal: 'SIGKILL' }));
  test('a node that froze for longer than its lease ends when it wakes', (t) =>
    clusterScenario(t, { ...SMALL, signal: 'SIGSTOP' }));
}
