/** What the contract can't see: the bytes in the files, and the tables that are yet to come. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { SeededRandom } from '../../testing/seeded-random.ts';
import {
  attempt,
  batch,
  dedupeKey,
  delivery,
  newApiKey,
  newEvent,
  START_AT,
  subscriptionRecord,
  utf8,
} from '../contract/factories.ts';
import type { Storage } from '../storage.ts';
import { dayOf } from '../tenant-data.ts';
import { Connection } from './connection.ts';
import { tablesOfTenants } from './erase.ts';
import { openSqliteStorage } from './store.ts';

const MIGRATIONS = join(import.meta.dirname, 'migrations');

/** Tables that hold nothing of a tenant; `attempt` rows go with their events. */
const OF_NOBODY = [
  'attempt',
  'catalogue_settings',
  'event_type',
  'journal_state',
  'source_number',
  'sqlite_sequence',
  'subscription_number',
  'tenant',
];

async function newDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwire-erase-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('every table is known to hold something of a tenant, or nothing', async (context) => {
  const directory = await newDirectory(context);
  await (await openSqliteStorage({ directory })).close();
  const connection = new Connection(join(directory, 'bellwire.db'));
  const all = connection.prepare("select name from sqlite_schema where type = 'table'").all();
  const owned = tablesOfTenants(connection).map(({ name }) => name);
  connection.close();
  assert.ok(owned.includes('event') && owned.includes('delivery') && owned.includes('api_key'));
  const unknown = all
    .map((row) => String(row['name']))
    .filter((name) => !owned.includes(name) && !OF_NOBODY.includes(name));
  assert.deepEqual(unknown, [], 'give it a column "tenant", or say that it holds nothing of one');
});

test('no byte of a deleted tenant is left in the files', async (context) => {
  const directory = await newDirectory(context);
  const storage = await openSqliteStorage({ directory });
  context.after(() => storage.close());
  await fill(storage, 1, 'canary-of-the-one');
  await fill(storage, 2, 'canary-of-the-other');
  assert.ok((await occurrences(directory, 'canary-of-the-one')) > 1_000);
  while ((await storage.tenantData.erase(1, 500)) > 0);
  await storage.tenantData.shred();
  await storage.tenantData.remove(1);
  assert.equal(await occurrences(directory, 'canary-of-the-one'), 0);
  assert.ok((await occurrences(directory, 'canary-of-the-other')) > 1_000);
});

/** Rows of all sizes, written in an order that makes SQLite move them between pages. */
async function fill({ journal, control }: Storage, tenant: number, canary: string): Promise<void> {
  const random = new SeededRandom(tenant);
  await control.ensureTenant(canary, START_AT);
  const number = await control.nextSubscriptionNumber();
  const settings = JSON.stringify({ url: canary });
  await control.insertSubscription(subscriptionRecord({ number, tenant, settings }));
  await control.insertApiKey(newApiKey({ tenant, name: canary }));
  const sequences = Array.from({ length: 1_000 }, (_, index) => index * 2 + tenant);
  const text = () => canary + 'x'.repeat(Math.floor(random.unit() ** 6 * 9_000));
  for (let start = 0; start < sequences.length; start += 100) {
    const events = sequences.slice(start, start + 100).map((sequence) =>
      newEvent({
        sequence,
        tenant,
        eventType: `${canary}.${Math.floor(random.unit() * 10)}`,
        customId: `${canary}-${sequence}`,
        metadata: JSON.stringify(canary),
        body: utf8(text()),
        dedupe: [dedupeKey(`${canary}-${sequence}`)],
      }),
    );
    await journal.commit(batch({ events }));
  }
  const late = sequences.toSorted(() => random.unit() - 0.5);
  for (let start = 0; start < late.length; start += 100) {
    const some = late.slice(start, start + 100).map((sequence) => ({ sequence, subscription: 1 }));
    const failed = { outcome: 'failed', detail: canary } as const;
    const attempts = some.map((one) => attempt({ ...one, ...failed, responseBody: utf8(text()) }));
    const deliveries = some.map((one) => delivery({ ...one, tenant, reason: canary }));
    await journal.commit(batch({ attempts, deliveries }));
  }
}

async function occurrences(directory: string, text: string): Promise<number> {
  const files = (await readdir(directory)).filter((name) => name.startsWith('bellwire.db'));
  let found = 0;
  for (const name of files) {
    const bytes = await readFile(join(directory, name));
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) found += 1;
  }
  return found;
}

test('a store from before usage was counted knows its usage after the upgrade', async (context) => {
  const directory = await newDirectory(context);
  const old = new DatabaseSync(join(directory, 'bellwire.db'));
  const names = readdirSync(MIGRATIONS).toSorted();
  const before = names.filter((name) => name < '0003');
  for (const name of before) old.exec(readFileSync(join(MIGRATIONS, name), 'utf8'));
  const insert = old.prepare(
    `insert into event (sequence, tenant, created_at, event_type, matched, metadata, body)
     values (?, ?, ?, 'a', '', ?, ?)`,
  );
  insert.run(1, 1, START_AT, '"감"', utf8('12345'));
  insert.run(2, 1, START_AT + 1, null, utf8('123'));
  old.exec(`pragma user_version = ${before.length}`);
  old.close();
  const storage = await openSqliteStorage({ directory });
  context.after(() => storage.close());
  const usage = await storage.tenantData.usage(1);
  assert.deepEqual({ ...usage[0] }, { day: dayOf(START_AT), events: 2, bytes: 5 + 5 + 3 });
});
