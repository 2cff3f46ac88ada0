import { memoryHarness } from '../../src/storage/memory/testing/harness.ts';
import { postgresHarness } from '../../src/storage/postgres/testing/harness.ts';
import { describeOnPostgres } from '../../src/storage/postgres/testing/on-postgres.ts';
import { sqliteHarness } from '../../src/storage/sqlite/testing/harness.ts';
import { describeEngineSuite } from './engine-suite.ts';
import { describeOrderSuite } from './order-suite.ts';
import { describeReplaySuite } from './replay-suite.ts';

describeEngineSuite('memory', memoryHarness());
describeReplaySuite('memory', memoryHarness());
describeOrderSuite('memory', memoryHarness());
describeEngineSuite('sqlite', sqliteHarness());
describeReplaySuite('sqlite', sqliteHarness());
describeOrderSuite('sqlite', sqliteHarness());
await describeOnPostgres('postgres', (server) => {
  describeEngineSuite('postgres', postgresHarness(server));
  describeReplaySuite('postgres', postgresHarness(server));
  describeOrderSuite('postgres', postgresHarness(server));
});
