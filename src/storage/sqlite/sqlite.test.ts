import { describeStorageContract } from '../contract/storage-contract.ts';
import { sqliteHarness } from './testing/harness.ts';

describeStorageContract('sqlite', sqliteHarness());
