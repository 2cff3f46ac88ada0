import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { dedupeKeys, idempotencyKeyHash, idKeyHash, requestFingerprint } from './dedupe-key.ts';
import type { Subscription } from '../domain/subscription.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import type { Publication } from './publication.ts';

const HASH_BYTES = 16;

const PLAIN: Publication = { tenant: 1, eventType: 'task.completed', dataText: '{"n":1}' };

function subscription(id: string): Subscription {
  return {
    ...webhookSettings(),
    id,
    number: 1,
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: 0,
    updatedAt: 0,
    secrets: [],
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test('a publication without id and Idempotency-Key claims nothing', () => {
  assert.deepEqual(dedupeKeys(PLAIN), []);
});

test('an id and an Idempotency-Key are claimed each, with one fingerprint', () => {
  const publication = { ...PLAIN, id: 'order-7', idempotencyKey: 'try-1' };
  const fingerprint = requestFingerprint(publication);
  assert.deepEqual(dedupeKeys(publication), [
    { hash: idKeyHash('order-7'), fingerprint },
    { hash: idempotencyKeyHash('try-1'), fingerprint },
  ]);
  assert.equal(fingerprint.length, HASH_BYTES);
  assert.equal(idKeyHash('order-7').length, HASH_BYTES);
});

test('an id and an Idempotency-Key of the same text are two different keys', () => {
  fc.assert(
    fc.property(fc.string(), (text) => hex(idKeyHash(text)) !== hex(idempotencyKeyHash(text))),
  );
});

test('different texts give different keys', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.equal(hex(idKeyHash(one)) === hex(idKeyHash(other)), one === other);
    }),
  );
});

test('a repeated request has the same fingerprint, whatever its key and tenant', () => {
  const expected = hex(requestFingerprint(PLAIN));
  assert.equal(hex(requestFingerprint({ ...PLAIN })), expected);
  assert.equal(hex(requestFingerprint({ ...PLAIN, idempotencyKey: 'another' })), expected);
  assert.equal(hex(requestFingerprint({ ...PLAIN, taskId: undefined })), expected);
});

test('whatever else of a request differs shows in its fingerprint', () => {
  const changes: readonly Partial<Publication>[] = [
    {},
    { eventType: 'task.failed' },
    { dataText: '{"n":2}' },
    { dataText: '{"n": 1}' },
    { id: 'x' },
    { taskId: 'x' },
    { runId: 'x' },
    { status: 'x' },
    { orderingKey: 'x' },
    { occurredAt: 1 },
    { deliverAt: 1 },
    { metadataText: '{"x":1}' },
    { only: subscription('sub_1') },
    { only: subscription('sub_2') },
  ];
  const prints = changes.map((change) => hex(requestFingerprint({ ...PLAIN, ...change })));
  assert.equal(new Set(prints).size, changes.length);
});

test('text can not move from one field to its neighbour unnoticed', () => {
  const text = fc.constantFrom('', 'a', 'ab', '"', '","', 'null', '\\', '\0');
  const fields = fc.record({ taskId: text, runId: text, status: text, orderingKey: text });
  fc.assert(
    fc.property(fields, fields, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      const samePrint =
        hex(requestFingerprint({ ...PLAIN, ...one })) ===
        hex(requestFingerprint({ ...PLAIN, ...other }));
      assert.equal(samePrint, same);
    }),
  );
});
