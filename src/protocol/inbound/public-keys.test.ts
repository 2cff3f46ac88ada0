import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { inboundRequest, sampleKeys, signedRequest } from '../../testing/inbound-signer.ts';
import { compileVerifier } from './compile.ts';
import { publicKeyOf, verifyDetached } from './public-keys.ts';
import type { PublicKeyForm, SignatureAlgorithm, SignatureScheme } from './scheme.ts';

const ALGORITHMS: readonly SignatureAlgorithm[] = [
  'ed25519',
  'ecdsa-p256-sha256',
  'ecdsa-p256-sha256-p1363',
  'rsa-sha256',
  'rsa-sha1',
  'rsa-sha512',
  'rsa-pss-sha256',
];
const NOW = 1_735_689_600_000;

function scheme(algorithm: SignatureAlgorithm, key: PublicKeyForm): SignatureScheme {
  return {
    kind: 'signature',
    algorithm,
    key,
    content: '{timestamp}.{body}',
    signature: {
      at: { headers: ['x-sig'] },
      layout: { kind: 'single', prefix: '' },
      encoding: 'base64',
    },
    timestamp: { at: { header: 'x-time' }, unit: 's', toleranceSeconds: 300 },
  };
}

function pem(key: crypto.KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }).toString();
}

for (const algorithm of ALGORITHMS) {
  const forms: readonly PublicKeyForm[] =
    algorithm === 'ed25519'
      ? ['pem', 'spki-base64', 'raw-hex', 'raw-base64', 'whpk']
      : ['pem', 'spki-base64'];
  for (const form of forms) {
    test(`${algorithm} with a key as ${form}: only its own signatures, over the same bytes`, () => {
      const one = scheme(algorithm, form);
      const keys = sampleKeys(one, '');
      const noKeys = { document: () => Promise.reject(new Error('No key is fetched here')) };
      const verifier = compileVerifier(one, { secrets: [keys.secret], config: {}, keys: noKeys });
      const signing = { keys, body: Buffer.from([1, 0xff]), timestamp: String(NOW / 1_000) };
      const request = signedRequest(one, signing);
      assert.deepEqual(verifier.verify(inboundRequest(request), NOW), { ok: true, secret: 0 });
      const stranger = signedRequest(one, { ...signing, keys: sampleKeys(one, '') });
      const other = { ...request, body: Buffer.from([1, 0xfe]) };
      const short = { ...request, headers: { ...request.headers, 'x-sig': 'AAAA' } };
      for (const wrong of [stranger, other, short]) {
        const verdict = verifier.verify(inboundRequest(wrong), NOW);
        assert.ok(!(verdict instanceof Promise) && !verdict.ok);
        assert.equal(verdict.reason, 'wrong_signature');
      }
    });
  }
}

test('a key is never used with an algorithm it was not made for', () => {
  const made = {
    ed25519: crypto.generateKeyPairSync('ed25519').publicKey,
    ecdsa: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
    rsa: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
  };
  for (const [kind, key] of Object.entries(made)) {
    for (const algorithm of ALGORITHMS) {
      const build = () => publicKeyOf(pem(key), 'pem', algorithm);
      if (algorithm.startsWith(kind)) build();
      else assert.throws(build, /The key is not one for/);
    }
  }
  const p384 = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  assert.throws(() => publicKeyOf(pem(p384), 'pem', 'ecdsa-p256-sha256'), /not one for/);
  const short = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  assert.throws(() => publicKeyOf(pem(short), 'pem', 'rsa-sha256'), /at least 2048 bits/);
});

test('a key in another form is refused without repeating it', () => {
  const { privateKey } = crypto.generateKeyPairSync('ed25519');
  const secret = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  for (const [text, form] of [
    [secret, 'pem'],
    ['not a key', 'pem'],
    ['not a key', 'spki-base64'],
    ['abcd', 'raw-hex'],
    ['abcd', 'raw-base64'],
    ['whpk_abcd', 'whpk'],
  ] as const) {
    assert.throws(
      () => publicKeyOf(text, form, 'ed25519'),
      (error) =>
        error instanceof TypeError &&
        error.message.startsWith('The public key of this provider is') &&
        !error.message.includes(text),
    );
  }
});

test('a signature that can not be read is a wrong one', () => {
  const { publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bytes = Uint8Array.of(1, 2, 3);
  for (const algorithm of ['ecdsa-p256-sha256', 'ecdsa-p256-sha256-p1363'] as const) {
    assert.equal(verifyDetached(algorithm, publicKey, bytes, bytes), false);
  }
});
