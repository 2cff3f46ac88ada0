import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextMessage, startChild } from './child.ts';
import { cpuMicros, residentMiB } from './machine.ts';

describe('child', () => {
  it('says why a script ended instead of leaving the bench waiting', async () => {
    const child = startChild({ role: 'load', name: 'ghost', script: 'bench/lib/no-such-file.ts' });
    await assert.rejects(nextMessage(child), /ghost ended: exit code 1[\s\S]*no-such-file/);
  });

  it('starts, is measured by pid, and stops once however often it is told', async (context) => {
    const script = 'bench/calibration/bare-202.ts';
    const child = startChild({ role: 'server', name: 'bare-202', script });
    await nextMessage(child);
    if (process.platform === 'linux') {
      assert.ok((cpuMicros(child.pid) ?? 0) > 0);
      assert.ok((residentMiB(child.pid) ?? 0) > 10);
    } else {
      context.diagnostic('CPU time and memory are only read on Linux');
    }
    await Promise.all([child.stop(), child.stop()]);
    await child.stop();
    assert.equal(cpuMicros(child.pid), undefined);
  });
});
