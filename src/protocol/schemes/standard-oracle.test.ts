/** The reference libraries must take what we sign, and we what they sign. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { HmacSha256Key } from '../hmac.ts';
import { generateSecret, standardKey } from '../secrets.ts';
import { signStandard, verifyStandard } from './standard.ts';

interface Oracle {
  sign(id: string, at: Date, body: string): string;
  verify(body: string, headers: Record<string, string>): unknown;
}

const nodeMajor = Number(process.versions.node.split('.')[0]);
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(generateSecret);
// Their libraries read a body as text and parse it, so they are asked about JSON in valid UTF-8.
const bodies = fc.json();

function agrees(oracleOf: (secret: string) => Oracle): void {
  // They look at the real clock and offer no other.
  const at = Math.floor(Date.now() / 1000);
  fc.assert(
    fc.property(secrets, bodies, (secret, text) => {
      const body = new TextEncoder().encode(text);
      const key = new HmacSha256Key(standardKey(secret));
      const ours = signStandard(key, 'evt_1', at, body);
      const oracle = oracleOf(secret);
      assert.equal(oracle.sign('evt_1', new Date(at * 1000), text), ours);
      const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': `${at}` };
      const signed = { ...headers, 'webhook-signature': `v1,AAAA ${ours}` };
      assert.doesNotThrow(() => oracle.verify(text, signed));
      const message = { id: 'evt_1', timestamp: `${at}`, body, nowSeconds: at };
      assert.ok(verifyStandard({ secrets: [secret], signatureHeader: ours, ...message }).ok);
      assert.throws(() => oracle.verify(text, { ...headers, 'webhook-signature': 'v1,AAAA' }));
    }),
    { numRuns: 60 },
  );
}

test('standardwebhooks agrees with us', () => {
  agrees((secret) => new Webhook(secret));
});

test(
  'svix agrees with us',
  { skip: nodeMajor < 22 && 'the svix package needs Node 22' },
  async () => {
    const svix = await import('svix');
    agrees((secret) => new svix.Webhook(secret));
  },
);
