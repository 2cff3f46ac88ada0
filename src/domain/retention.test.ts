import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { retentionSteps, type TenantRetention } from './retention.ts';

const DAY_MS = 86_400_000;
const NOW = 1_000 * DAY_MS;

const ago = (days: number) => NOW - days * DAY_MS;

test('one retention for all is one step', () => {
  const tenants = [
    { tenant: 1, days: null },
    { tenant: 2, days: 30 },
  ];
  assert.deepEqual(retentionSteps(30, tenants, NOW), [{ tenant: null, createdBefore: ago(30) }]);
  assert.deepEqual(retentionSteps(30, [], NOW), [{ tenant: null, createdBefore: ago(30) }]);
});

test('a shorter one is a step of its own', () => {
  const tenants = [
    { tenant: 1, days: null },
    { tenant: 2, days: 7 },
  ];
  assert.deepEqual(retentionSteps(30, tenants, NOW), [
    { tenant: null, createdBefore: ago(30) },
    { tenant: 2, createdBefore: ago(7) },
  ]);
});

test('one that is longer than the rest makes steps of the rest', () => {
  const tenants = [
    { tenant: 1, days: null },
    { tenant: 2, days: 90 },
  ];
  assert.deepEqual(retentionSteps(30, tenants, NOW), [
    { tenant: null, createdBefore: ago(90) },
    { tenant: 1, createdBefore: ago(30) },
  ]);
});

test('for ever is for ever, and those who do not want that are steps', () => {
  const tenants = [
    { tenant: 1, days: null },
    { tenant: 2, days: 7 },
  ];
  assert.deepEqual(retentionSteps(0, tenants, NOW), [{ tenant: 2, createdBefore: ago(7) }]);
  assert.deepEqual(retentionSteps(0, [], NOW), []);
});

test('every tenant loses exactly what is past its own retention', () => {
  const days = fc.constantFrom(0, 1, 7, 30, 90);
  const own = fc.option(days);
  fc.assert(
    fc.property(days, fc.array(own, { maxLength: 5 }), (installation, choices) => {
      const tenants: TenantRetention[] = choices.map((chosen, index) => ({
        tenant: index + 1,
        days: chosen,
      }));
      const steps = retentionSteps(installation, tenants, NOW);
      for (const { tenant, days: chosen } of tenants) {
        const kept = chosen ?? installation;
        const bounds = steps
          .filter((step) => step.tenant === null || step.tenant === tenant)
          .map(({ createdBefore }) => createdBefore);
        const bound = Math.max(-Infinity, ...bounds);
        assert.equal(bound, kept === 0 ? -Infinity : ago(kept));
      }
    }),
  );
});
