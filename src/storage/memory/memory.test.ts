import { describeStorageContract } from '../contract/storage-contract.ts';
import { memoryHarness } from './testing/harness.ts';

describeStorageContract('memory', memoryHarness());
