import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEgress } from './egress.ts';
import type { Egress } from './egress.ts';
import type { Resolver } from './resolver.ts';
import { runSelfTest } from './self-test.ts';
import { realClock } from './testing/clocks.ts';
import { LOOPBACK, setupEgress } from './testing/setup.ts';

test('passes with the real guard, also where the operator opened loopback', async (t) => {
  await setupEgress(t).selfTest();
});

test('fails when the guard lets a probe through', async () => {
  await assert.rejects(runSelfTest(createLeaky), /[1-9]\d* connections reached a loopback canary/);
});

function createLeaky(resolver: Resolver): Egress {
  return createEgress({ clock: realClock, resolver, allowTargets: LOOPBACK, allowHttp: true });
}
