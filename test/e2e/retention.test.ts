/** A real server over a store with old events in it: they go by themselves, the others stay. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt, batch, newEvent } from '../../src/storage/contract/factories.ts';
import { openSqliteStorage } from '../../src/storage/sqlite/store.ts';
import { startBellwire } from '../support/bellwire.ts';
import { waitUntil } from '../support/wait-until.ts';
import { call } from './call.ts';

const DAY_MS = 86_400_000;
const DAYS_OLD = [40, 8, 2];

test('events past their retention go at the start; a tenant may keep them for less', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'bellwire-retention-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const storage = await openSqliteStorage({ directory: dataDir });
  const [one, other] = [
    await storage.control.ensureTenant('default', Date.now()),
    await storage.control.ensureTenant('brief', Date.now()),
  ];
  const events = [one, other].flatMap(({ number }) =>
    DAYS_OLD.map((days) =>
      newEvent({
        sequence: 100 - days + number,
        tenant: number,
        customId: `own-${days}`,
        createdAt: Date.now() - days * DAY_MS,
      }),
    ),
  );
  const attempts = events.map(({ sequence }) => attempt({ sequence }));
  await storage.journal.commit(batch({ events, attempts }));
  await storage.close();

  const server = await startBellwire({ dataDir, env: { BELLWIRE_RETENTION_DAYS: '30' } });
  t.after(() => server.stop());
  const idsOf = async (tenant: string): Promise<number> => {
    const headers = { 'bellwire-tenant': tenant };
    const { text } = await call(server, '/v1/events', { headers });
    return (text.match(/"event_type"/g) ?? []).length;
  };
  await waitUntil(async () => (await idsOf('default')) === 2 && (await idsOf('brief')) === 2, {
    what: 'the events of 40 days ago to go',
    context: () => server.output(),
  });
  await server.stop();

  const settings = JSON.stringify({ retentionDays: 7 });
  const reopened = await openSqliteStorage({ directory: dataDir });
  await reopened.control.updateTenant({ ...other, settings });
  await reopened.close();
  const again = await startBellwire({ dataDir });
  t.after(() => again.stop());
  const count = async (tenant: string) => {
    const headers = { 'bellwire-tenant': tenant };
    const { text } = await call(again, '/v1/events', { headers });
    return (text.match(/"event_type"/g) ?? []).length;
  };
  await waitUntil(async () => (await count('brief')) === 1, {
    what: 'the events of 8 days ago to go',
    context: () => again.output(),
  });
  assert.equal(await count('default'), 2);
  assert.match(again.output(), /events past their retention were removed/);
});
