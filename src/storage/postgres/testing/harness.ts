/** The stores of one test file on PostgreSQL, each with a database of its own. */
import { after } from 'node:test';
import type { StorageHarness } from '../../contract/harness.ts';
import type { Storage } from '../../storage.ts';
import { openNode } from './on-postgres.ts';
import { execute, type TestServer } from './test-server.ts';

/** The slot of the stores under test; those below are taken, so that it is not zero. */
export const SLOT = 3;

/** Making a database takes longer than emptying one. */
const EMPTY = [
  'delete from event; delete from attempt; delete from delivery; delete from dedupe_key',
  'delete from tenant; delete from subscription; delete from api_key',
  'delete from tenant_usage; delete from replay',
  'delete from source; delete from inbound_request; delete from poll_state',
  'alter sequence source_number restart',
  'alter table tenant alter number restart; alter table api_key alter number restart',
  'alter table replay alter number restart; alter sequence subscription_number restart',
  'delete from event_type; delete from catalogue_settings',
  'delete from inbox; delete from inbox_message',
  `update node_slot set epoch = 0, low_water_mark = 0, highest_sequence = 0,
     owner = case when slot < ${SLOT} then 'another' end, expires_at = 'infinity'`,
];

/** @param see what a test gets to see of a store; it is closed and reopened through that. */
export function postgresHarness(
  server: TestServer,
  see: (storage: Storage) => Storage = (storage) => storage,
): StorageHarness {
  const urlOf = new Map<Storage, string>();
  const emptied: string[] = [];
  const open = async (url: string): Promise<Storage> => {
    const seen = see(await openNode(url));
    urlOf.set(seen, url);
    return seen;
  };
  after(async () => {
    await Promise.all(emptied.map((url) => server.dropDatabase(url)));
  });
  return {
    async open() {
      const known = emptied.pop();
      if (known !== undefined) return open(known);
      const url = await server.createDatabase();
      // The schema first: the slots to take are rows.
      await (await open(url)).close();
      await execute(url, ...EMPTY);
      return open(url);
    },
    async reopen(storage) {
      const url = urlOf.get(storage);
      if (url === undefined) throw new Error('not a store of this harness');
      await storage.close();
      return open(url);
    },
    async destroy() {
      const urls = new Set(urlOf.values());
      await Promise.all([...urlOf.keys()].map((storage) => storage.close()));
      urlOf.clear();
      await Promise.all([...urls].map((url) => execute(url, ...EMPTY)));
      emptied.push(...urls);
    },
  };
}
