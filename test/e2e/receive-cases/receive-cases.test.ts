/**
 * The receivers' part of the black-box list that users of other webhook services know by heart:
 * cases 28 to 34, 37 and 38, each over every store a user can choose.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeOnPostgres } from '../../../src/storage/postgres/testing/on-postgres.ts';
import type { BellwireOptions } from '../../support/bellwire.ts';
import { CaseWorld } from '../send-cases/case-world.ts';
import { ReceiveTenant } from './receive-world.ts';
import { RECEIVING } from './receiving.ts';
import { SURVIVING } from './surviving.ts';

const BELLWIRE_ADMIN_KEY = 'the-admin-key-of-the-cases';

describe('receiving cases on SQLite', () => {
  const newDirectory = directories();
  describeCases(async () => ({ dataDir: await newDirectory(), env: { BELLWIRE_ADMIN_KEY } }));
});

await describeOnPostgres('receiving cases on PostgreSQL', (server) => {
  const newDirectory = directories();
  const databases: string[] = [];
  describeCases(async () => {
    const url = await server.createDatabase();
    databases.push(url);
    const env = { BELLWIRE_ADMIN_KEY, BELLWIRE_DATABASE_URL: url };
    return { dataDir: await newDirectory(), env };
  });
  after(() => Promise.all(databases.map((url) => server.dropDatabase(url))));
});

/** Makes directories that are gone after the suite. */
function directories(): () => Promise<string> {
  const made: string[] = [];
  after(async () => {
    for (const directory of made) await rm(directory, { recursive: true, force: true });
  });
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bellwire-receive-'));
    made.push(directory);
    return directory;
  };
}

function describeCases(optionsFor: (name: string) => Promise<BellwireOptions>): void {
  let shared: CaseWorld | undefined;
  const world = (): CaseWorld => {
    if (shared === undefined) throw new Error('the server has not been started');
    return shared;
  };
  before(async () => {
    shared = await CaseWorld.start(await optionsFor('shared'));
  });
  after(() => shared?.stop());
  for (const [name, run] of Object.entries({ ...RECEIVING, ...SURVIVING })) {
    const number = /^cases? (\d+)/.exec(name)?.[1];
    test(name, (t) => {
      const tenant = new ReceiveTenant(world().tenant(`receive-${number}`));
      return run(tenant, { t, world: world(), optionsFor });
    });
  }
}
