import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { Problem } from './problems.ts';

const PLACE = z.strictObject({ sequence: z.int(), subscription: z.int() });

test('a cursor comes back as the place it was made from', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (sequence, subscription) => {
      const cursor = encodeCursor({ sequence, subscription });
      assert.match(cursor, /^[\w-]+$/);
      assert.deepEqual(decodeCursor(cursor, PLACE), { sequence, subscription });
    }),
    { numRuns: 100 },
  );
});

const foreign = {
  'any text': 'not-a-cursor',
  nothing: '',
  'a place of another list': encodeCursor({ number: 3 }),
  'a later version': Buffer.from('{"v":2,"at":{"sequence":1,"subscription":1}}').toString(
    'base64url',
  ),
  'text too long to be ours': 'e'.repeat(201),
};

for (const [name, text] of Object.entries(foreign)) {
  test(`${name} is refused by naming cursor`, () => {
    assert.throws(
      () => decodeCursor(text, PLACE),
      (error) =>
        error instanceof Problem &&
        error.code === 'validation_failed' &&
        error.errors[0]?.parameter === 'cursor',
    );
  });
}
