/**
 * What durability costs on this disk: fdatasync of one 16 KiB overwrite in a preallocated file,
 * the size of a small group commit. No server that keeps the promise can answer faster.
 * Arguments: folder, seconds. Sends `{p50Ms, p99Ms, samples}`.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from '../lib/stats.ts';

const BLOCK_BYTES = 16 * 1024;
const FILE_BLOCKS = 256;

export interface FsyncCost {
  p50Ms: number;
  p99Ms: number;
  samples: number;
}

function measure(folder: string, seconds: number): FsyncCost {
  const path = join(folder, 'fsync-calibration');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 1);
  for (let i = 0; i < FILE_BLOCKS; i++) writeSync(file, block, 0, BLOCK_BYTES, i * BLOCK_BYTES);
  fsyncSync(file);
  const costs: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let start = performance.now(); start < end; start = performance.now()) {
    const at = (costs.length % FILE_BLOCKS) * BLOCK_BYTES;
    writeSync(file, block, 0, BLOCK_BYTES, at);
    fdatasyncSync(file);
    costs.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(path);
  return { p50Ms: percentile(costs, 50), p99Ms: percentile(costs, 99), samples: costs.length };
}

const [, , folder = '.', seconds = '2'] = process.argv;
process.send?.(measure(folder, Number(seconds)));
process.disconnect();
