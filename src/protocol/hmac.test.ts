import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { HmacSha256Key, sameText } from './hmac.ts';

const repeated = (byte: number, times: number) => new Uint8Array(times).fill(byte);
const ascii = (text: string) => new TextEncoder().encode(text);
const counting = Uint8Array.from({ length: 25 }, (_, at) => at + 1);
const LONG_KEY_TEXT =
  'This is a test using a larger than block-size key and a larger than block-size data. ' +
  'The key needs to be hashed before being used by the HMAC algorithm.';

/** RFC 4231 §4.2 to §4.8 without §4.6, which truncates. */
const RFC_4231: [key: Uint8Array, data: Uint8Array, hex: string][] = [
  [
    repeated(0x0b, 20),
    ascii('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    ascii('Jefe'),
    ascii('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    repeated(0xaa, 20),
    repeated(0xdd, 50),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  ],
  [
    counting,
    repeated(0xcd, 50),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
  [
    repeated(0xaa, 131),
    ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    repeated(0xaa, 131),
    ascii(LONG_KEY_TEXT),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
];

for (const [name, options] of [
  ['with the one-shot hash', {}],
  ['without it', { oneShotHash: null }],
] as const) {
  test(`RFC 4231 vectors, ${name}`, () => {
    for (const [key, data, hex] of RFC_4231) {
      assert.equal(new HmacSha256Key(key, options).hex(data), hex);
    }
  });

  test(`agrees with createHmac for any key, prefix and body, ${name}`, () => {
    const prefix = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
    const key = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(key, prefix, fc.uint8Array({ maxLength: 6000 }), (bytes, head, body) => {
        const mine = new HmacSha256Key(bytes, options);
        const hmac = () => createHmac('sha256', bytes).update(head, 'utf8').update(body);
        assert.equal(mine.hex(body, head), hmac().digest('hex'));
        assert.equal(mine.base64(body, head), hmac().digest('base64'));
      }),
      { numRuns: 200 },
    );
  });
}

test('sizes around the scratch limits agree with createHmac', () => {
  const bytes = ascii('a key of some length');
  const key = new HmacSha256Key(bytes);
  for (const limit of [4096, 8192, 256 * 1024]) {
    for (const length of [limit - 65, limit - 64, limit - 63, limit, limit + 1]) {
      const body = repeated(length % 251, length);
      assert.equal(key.hex(body), createHmac('sha256', bytes).update(body).digest('hex'));
    }
  }
});

test('keys used in turns do not disturb each other', () => {
  const [one, two] = [new HmacSha256Key(repeated(1, 32)), new HmacSha256Key(repeated(2, 32))];
  const before = one.hex(repeated(9, 3000));
  assert.notEqual(two.hex(repeated(9, 10)), before);
  assert.equal(one.hex(repeated(9, 3000)), before);
});

test('changing the caller’s key bytes later changes nothing', () => {
  const expected = createHmac('sha256', repeated(5, 32)).update('x').digest('hex');
  for (const options of [{}, { oneShotHash: null }]) {
    const bytes = repeated(5, 32);
    const key = new HmacSha256Key(bytes, options);
    bytes.fill(6);
    assert.equal(key.hex(ascii('x')), expected);
  }
});

test('an empty key is refused and a key never shows itself', () => {
  assert.throws(() => new HmacSha256Key(new Uint8Array(0)), TypeError);
  const key = new HmacSha256Key(ascii('canary-canary-canary'));
  assert.equal(inspect(key, { depth: 9, showHidden: true }), 'HmacSha256Key {}');
  assert.equal(JSON.stringify(key), '{}');
});

test('sameText is equality', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(sameText(a, a), true);
      assert.equal(sameText(a, b), a === b);
    }),
    { numRuns: 200 },
  );
});
