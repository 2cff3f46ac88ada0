/** What every bench is given by `run.ts`. */
import type { FsyncCost } from '../calibration/fsync.ts';
import type { Load } from './load.ts';
import type { SubjectName } from './servers.ts';

export interface BenchContext {
  subject: SubjectName;
  load: Load;
  /** Length of one measured slice. */
  seconds: number;
  /** Slices per side of a comparison. */
  rounds: number;
  /** Connection counts to measure at. */
  connections: readonly number[];
  /** fdatasync cost on the disk the store uses; measured once per run. */
  fsync(): Promise<FsyncCost>;
  /** Progress for the person watching. */
  note(text: string): void;
}
