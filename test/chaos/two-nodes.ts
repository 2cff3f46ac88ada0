/** The scenario of `test/e2e/cluster.test.ts` at full size: `npm run test:chaos`. */
import { describe, test } from 'node:test';
import { findTestServer } from '../../src/storage/postgres/testing/test-server.ts';
import { clusterScenario } from '../e2e/cluster-scenario.ts';

const EVENTS = 50_000;
const TARGETS = 50;

const server = await findTestServer();
if (typeof server === 'string') describe('two nodes on one PostgreSQL', { skip: server });
else {
  await server.close();
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const name = `${EVENTS} events to ${TARGETS} targets over two nodes, ${signal} to one`;
    test(name, { timeout: 900_000 }, async (t) => {
      const afterAcked = Math.round(EVENTS * (0.2 + Math.random() * 0.4));
      t.diagnostic(`${signal} at ${afterAcked}`);
      await clusterScenario(t, {
        events: EVENTS,
        targets: TARGETS,
        leaseSeconds: 10,
        signal,
        afterAcked,
        deadlineMs: 600_000,
      });
    });
  }
}
