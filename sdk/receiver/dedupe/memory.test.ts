import { dedupeContract } from '../../contract/dedupe-contract.ts';
import { manualClock } from '../../contract/manual-clock.ts';
import { memoryDedupe } from '../memory-dedupe.ts';

dedupeContract({
  name: 'memory',
  outlivesProcess: false,
  async place() {
    const clock = manualClock(0);
    return {
      open: async ({ ttlMs } = {}) => memoryDedupe({ clock, ...(ttlMs && { ttlMs }) }),
      lapse: async (ms) => clock.advance(ms),
      close: async () => {},
    };
  },
});
