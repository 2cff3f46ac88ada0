/**
 * A provider's own npm package as judge of our entry for that provider: what one accepts the other
 * accepts, and every change is refused by both.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileVerifier } from '../../src/protocol/inbound/compile.ts';
import type { VerifierOptions } from '../../src/protocol/inbound/verifier.ts';
import { findProvider } from '../../src/protocol/providers/catalogue.ts';
import { INBOUND_URL, inboundRequest, verifierOptions } from '../../src/testing/inbound.ts';

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Oracle {
  /** npm name. */
  readonly package: string;
  /** Id in the catalogue. */
  readonly provider: string;
  /** Made by the package where it can sign, else by the provider's formula. */
  sign(
    body: string,
    at: number,
    secret: string,
  ): Partial<SignedRequest> | Promise<Partial<SignedRequest>>;
  /** What the package says. May throw for "no". */
  accepts(request: SignedRequest, secret: string): unknown;
  /** Two that differ. */
  readonly secrets: readonly [string, string];
  readonly body: string;
  /** Headers with a signature in them; `null` when it is in the body. */
  readonly signature: string | null;
  /** The header with the time, where it is not inside the signature. */
  readonly timestamp?: string;
  /** How old a request the entry takes, seconds; null where nothing tells its age. */
  readonly toleranceSeconds: number | null;
  /** Why the package is not asked about old requests: some judge the signature alone. */
  readonly ageless?: string;
  /** What the source has; default: the secret. */
  options?(secret: string): Partial<VerifierOptions>;
  /** Changes of the body that must be refused; default: one more space, and other letters. */
  readonly changes?: readonly ((body: string) => string)[];
}

const CHANGES = [
  (body: string) => `${body} `,
  (body: string) => body.replace(/[a-z]/, (letter) => (letter === 'x' ? 'y' : 'x')),
];

async function ours(oracle: Oracle, request: SignedRequest, secret: string): Promise<string> {
  const provider = findProvider(oracle.provider);
  assert.ok(provider, oracle.provider);
  const parts = oracle.options?.(secret) ?? { secrets: [secret] };
  const verifier = compileVerifier(provider.scheme, verifierOptions(parts));
  const verdict = await verifier.verify(inboundRequest(request), Date.now());
  return verdict.ok ? 'accepted' : verdict.reason;
}

async function theirs(oracle: Oracle, request: SignedRequest, secret: string): Promise<boolean> {
  try {
    // Those that throw for "no" answer nothing, or the event, for "yes".
    return (await oracle.accepts(request, secret)) !== false;
  } catch {
    return false;
  }
}

async function signed(oracle: Oracle, body: string, at: number): Promise<SignedRequest> {
  const made = await oracle.sign(body, at, oracle.secrets[0]);
  return { method: 'POST', url: INBOUND_URL, headers: {}, body, ...made };
}

/** One test: accepted by both, and each change refused by both. */
export function judge(oracle: Oracle): void {
  const { package: name, provider, secrets } = oracle;
  test(`${name} and our ${provider} agree`, async () => {
    const good = await signed(oracle, oracle.body, Date.now());
    assert.equal(await theirs(oracle, good, secrets[0]), true, 'the package accepts');
    assert.equal(await ours(oracle, good, secrets[0]), 'accepted');
    for (const [what, request] of changed(oracle, good)) {
      assert.equal(await theirs(oracle, request, secrets[0]), false, `${name}: ${what}`);
      assert.notEqual(await ours(oracle, request, secrets[0]), 'accepted', what);
    }
    assert.equal(await theirs(oracle, good, secrets[1]), false, `${name}: another key`);
    assert.notEqual(await ours(oracle, good, secrets[1]), 'accepted', 'another key');
    await judgeAge(oracle);
  });
}

async function judgeAge(oracle: Oracle): Promise<void> {
  const { toleranceSeconds, secrets } = oracle;
  if (toleranceSeconds === null) return;
  const old = await signed(oracle, oracle.body, Date.now() - (toleranceSeconds + 30) * 1000);
  assert.equal(await ours(oracle, old, secrets[0]), 'stale_timestamp');
  if (oracle.ageless === undefined) {
    assert.equal(await theirs(oracle, old, secrets[0]), false, 'the package refuses old ones');
  }
}

function changed(
  oracle: Oracle,
  good: SignedRequest,
): readonly (readonly [string, SignedRequest])[] {
  const { signature, timestamp } = oracle;
  const requests: (readonly [string, SignedRequest])[] = (oracle.changes ?? CHANGES).map(
    (change, index) => [`body changed (${index})`, { ...good, body: change(good.body) }],
  );
  for (const name of [signature, timestamp]) {
    if (name === null || name === undefined) continue;
    const { [name]: value = '', ...others } = good.headers;
    assert.notEqual(value, '', `${name} is signed with`);
    requests.push([`${name} missing`, { ...good, headers: others }]);
    const headers = { ...good.headers, [name]: turned(value) };
    requests.push([`${name} changed`, { ...good, headers }]);
  }
  return requests;
}

/** Changes one character well inside the value, so that it still looks like one of its kind. */
function turned(value: string): string {
  const at = value.length - 6;
  const digit = value[at] === '1' ? '2' : '1';
  return value.slice(0, at) + digit + value.slice(at + 1);
}
