import assert from 'node:assert/strict';
import { createHash, createHmac, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { fakeKeys, inboundRequest, verifierOptions } from '../../../testing/inbound.ts';
import type { InboundParts } from '../../../testing/inbound.ts';
import { ed25519Keys, p256Keys, rsaKeys } from '../../../testing/signed-tokens.ts';
import type { VerifierOptions } from '../verifier.ts';
import { compileHttpSignature } from './http-signature.ts';
import { parseDictionary, writeMember } from './structured-fields.ts';

const NOW = 1_700_000_000;
const URL_TEXT = 'https://hooks.example.com/in/token?a=1';
const BODY = '{"hello": "world"}';
const KEYS = ed25519Keys();
const jwk = (key: KeyObject, extra: object = {}) =>
  JSON.stringify({ ...key.export({ format: 'jwk' }), ...extra });
const digestOf = (body: string, hash = 'sha256') => createHash(hash).update(body).digest('base64');

interface Made {
  readonly input?: string;
  readonly lines?: readonly string[];
  readonly signer?: (base: string) => Buffer;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const DIGEST = `sha-256=:${digestOf(BODY)}:`;
const COVERED = '("@method" "@target-uri" "content-digest")';
const LINES = ['"@method": POST', `"@target-uri": ${URL_TEXT}`, `"content-digest": ${DIGEST}`];

function made(change: Made = {}): InboundParts {
  const input = change.input ?? `${COVERED};created=${NOW};keyid="k"`;
  const lines = [...(change.lines ?? LINES), `"@signature-params": ${input}`];
  const signer = change.signer ?? ((base) => sign(null, Buffer.from(base), KEYS.privateKey));
  const signature = signer(lines.join('\n')).toString('base64');
  return {
    url: URL_TEXT,
    body: change.body ?? BODY,
    headers: {
      'content-digest': DIGEST,
      'signature-input': `sig=${input}`,
      signature: `sig=:${signature}:`,
      ...change.headers,
    },
  };
}

async function outcome(
  parts: InboundParts,
  options: Partial<VerifierOptions> = {},
  tag: string | null = null,
): Promise<string> {
  const secrets = options.secrets ?? [jwk(KEYS.publicKey)];
  const verifier = compileHttpSignature({ tag }, verifierOptions({ ...options, secrets }));
  const verdict = await verifier.verify(inboundRequest(parts), NOW * 1000);
  return verdict.ok ? 'ok' : verdict.reason;
}

test('the published vector of Web Bot Auth passes, in its time', async () => {
  const input =
    'sig1=("@authority");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"' +
    ';alg="ed25519";expires=4889289600;nonce="zIW8+cdmA3vdYagbxojpONwa/l0EKJ/O3/wD486VvsQjO/Rx' +
    'PaSt6ZxvQaMcQzNnqKN/mQ6hpGiFro2L2qkz5A==";tag="web-bot-auth"';
  const signature =
    'sig1=:QKN4fTdIYfh82fvoZCQiQA1weuozfCS/Led2zTMbewMMqH8PI2Wsy/5c4ao6B6D09nraNQdBNOADg8aM1' +
    'MqfCg==:';
  const parts = {
    method: 'GET',
    url: 'https://example.com/path/to/resource',
    headers: { 'signature-input': input, signature },
  };
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' };
  const directory = 'https://bot.example/.well-known/http-message-signatures-directory';
  const keys = fakeKeys({ [directory]: JSON.stringify({ keys: [key] }) });
  const ways = [
    { secrets: [JSON.stringify(key)] },
    { secrets: ['JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs='] },
    { secrets: [], config: { directory_url: directory }, keys },
  ];
  for (const way of ways) {
    const verifier = compileHttpSignature({ tag: 'web-bot-auth' }, verifierOptions(way));
    const at = async (seconds: number, changed: InboundParts = parts) =>
      (await verifier.verify(inboundRequest(changed), seconds * 1000)).ok;
    assert.equal(await at(1_735_689_600), true);
    assert.equal(await at(1_735_689_600 + 301), false);
    assert.equal(await at(1_735_689_600, { ...parts, url: 'https://example.org/' }), false);
    assert.equal(
      await at(1_735_689_600, { ...parts, body: '{}' }),
      false,
      'the body is not covered',
    );
  }
});

test('method, URL and body are covered, or it is refused', async () => {
  assert.equal(await outcome(made()), 'ok');
  assert.equal(await outcome({ ...made(), method: 'PUT' }), 'wrong_signature');
  assert.equal(await outcome({ ...made(), url: `${URL_TEXT}&b=2` }), 'wrong_signature');
  assert.equal(await outcome({ ...made(), body: '{"hello": "World"}' }), 'wrong_signature');
  const other = { 'content-digest': `sha-256=:${digestOf('{}')}:` };
  assert.equal(await outcome(made({ body: '{}', headers: other })), 'wrong_signature');
  const parts = [
    ['("@method" "@target-uri")', LINES.slice(0, 2)],
    ['("@method" "content-digest")', [LINES[0], LINES[2]]],
    ['("@target-uri" "content-digest")', LINES.slice(1)],
    ['()', []],
  ] as const;
  for (const [covered, lines] of parts) {
    const input = `${covered};created=${NOW}`;
    const request = made({ input, lines: lines.map(String) });
    assert.equal(await outcome(request), 'wrong_signature', covered);
  }
});

test('what can not be read, or covers what is not there, is refused', async () => {
  const inputs = [
    `("@method" "@method" "@target-uri" "content-digest");created=${NOW}`,
    `("@method" "@target-uri" "content-digest" "@status");created=${NOW}`,
    `("@method" "@target-uri" "content-digest" "x-absent");created=${NOW}`,
    `("@method";req "@target-uri" "content-digest");created=${NOW}`,
    `("@method" "@target-uri" "content-digest";sf);created=${NOW}`,
    `("@method" "@target-uri" "content-digest" "@signature-params");created=${NOW}`,
  ];
  for (const input of inputs) {
    assert.equal(await outcome(made({ input })), 'malformed_signature', input);
  }
  const bare = made();
  const headers = (change: Record<string, string | undefined>) => ({
    ...bare,
    headers: { ...bare.headers, ...change },
  });
  assert.equal(await outcome(headers({ signature: undefined })), 'missing_signature');
  assert.equal(await outcome(headers({ 'signature-input': '' })), 'missing_signature');
  for (const text of ['sig', 'sig=x', 'sig=::', 'other=:AAAA:', ':AAAA:', 'sig=:AA:', '(((']) {
    assert.equal(await outcome(headers({ signature: text })), 'malformed_signature', text);
  }
  const twice = `${String(bare.headers?.['signature-input'])}, sig=();created=1`;
  assert.equal(await outcome(headers({ 'signature-input': twice })), 'malformed_signature');
});

test('time is needed, near, and not over', async () => {
  const at = (parameters: string) => outcome(made({ input: `${COVERED}${parameters}` }));
  assert.equal(await at(''), 'missing_timestamp');
  assert.equal(await at(';created="1700000000"'), 'missing_timestamp');
  assert.equal(await at(`;created=${NOW - 301}`), 'stale_timestamp');
  assert.equal(await at(`;created=${NOW + 301}`), 'future_timestamp');
  assert.equal(await at(`;created=${NOW - 10};expires=${NOW - 1}`), 'stale_timestamp');
  assert.equal(await at(`;created=${NOW - 10};expires=never`), 'stale_timestamp');
  assert.equal(await at(`;created=${NOW - 10};expires=${NOW + 1}`), 'ok');
});

test('the kind of the key decides the algorithm, whatever the signature calls itself', async () => {
  const [rsa, p256] = [rsaKeys(), p256Keys()];
  const input = (alg: string) => `${COVERED};created=${NOW};alg="${alg}"`;
  const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  const kinds: [string, string, (base: string) => Buffer][] = [
    ['ed25519', jwk(KEYS.publicKey), (base) => sign(null, Buffer.from(base), KEYS.privateKey)],
    [
      'rsa-v1_5-sha256',
      pem(rsa.publicKey),
      (base) => sign('sha256', Buffer.from(base), rsa.privateKey),
    ],
    [
      'ecdsa-p256-sha256',
      jwk(p256.publicKey),
      (base) =>
        sign('sha256', Buffer.from(base), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }),
    ],
  ];
  for (const [alg, secret, signer] of kinds) {
    const options = { secrets: [secret] };
    assert.equal(await outcome(made({ input: input(alg), signer }), options), 'ok', alg);
    for (const other of ['hmac-sha256', 'none', 'rsa-pss-sha512', alg.toUpperCase()]) {
      const parts = made({ input: input(other), signer });
      assert.equal(await outcome(parts, options), 'wrong_signature');
    }
    const mac = made({
      input: input('hmac-sha256'),
      signer: (base) => createHmac('sha256', secret).update(base).digest(),
    });
    assert.equal(
      await outcome(mac, options),
      'wrong_signature',
      'a public key is no shared secret',
    );
  }
});

test('other tags are somebody else’s, and more signatures than needed are refused', async () => {
  const input = `${COVERED};created=${NOW};tag="other"`;
  assert.equal(await outcome(made({ input }), {}, 'web-bot-auth'), 'malformed_signature');
  assert.equal(await outcome(made({ input }), {}, 'other'), 'ok');
  const good = made();
  const nine = (text: string) =>
    Array.from({ length: 9 }, (_, index) => text.replace('sig=', `s${index}=`)).join(', ');
  const headers = {
    ...good.headers,
    'signature-input': nine(String(good.headers?.['signature-input'])),
    signature: nine(String(good.headers?.['signature'])),
  };
  assert.equal(await outcome({ ...good, headers }), 'malformed_signature');
});

test('a source needs a key or a directory, and only public keys', () => {
  const privatePem = KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const secrets of [[], [''], ['text'], [privatePem], ['{"kty":"oct","k":"AAAA"}']]) {
    assert.throws(
      () => compileHttpSignature({ tag: null }, verifierOptions({ secrets })),
      TypeError,
    );
  }
  const config = { directory_url: 'http://bot.example/keys' };
  assert.throws(() => compileHttpSignature({ tag: null }, verifierOptions({ config })), TypeError);
});

test('structured fields are read in their one canonical spelling', () => {
  const good = 'a=("x" "y";b);c=1;d="q\\"";e=:AAAA:;f, g=?0, h;i=tok';
  const members = parseDictionary(good);
  assert.ok(members);
  const written = [...members].map(([name, member]) => `${name}=${writeMember(member)}`).join(', ');
  assert.equal(written, good.replace('h;i', 'h=?1;i'));
  const bad = ['', ',', 'a=', 'a=1,', 'A=1', 'a=(', 'a=("x""y")', 'a=01', 'a=1.5', 'a="\u00e9"'];
  for (const text of [...bad, 'a=1, a=2', 'a=1;b=1;b=2', 'a="x', 'a=:A A:', 'a=1 b=2']) {
    assert.equal(parseDictionary(text), undefined, text);
  }
});
