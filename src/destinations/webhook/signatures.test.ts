import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  liveSecret,
  rotated,
  secretsOf,
  type Signing,
  type SigningSecret,
} from '../../domain/signing-secrets.ts';
import type { SignatureScheme } from '../../domain/signature-choices.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { verifyAgent } from '../../protocol/schemes/agent.ts';
import { verifyStandard } from '../../protocol/schemes/standard.ts';
import { generateSecret, generateSigningKeyPair } from '../../protocol/secrets.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';
import { prepareSignatures, pushSignatures } from './signatures.ts';

const BODY = Buffer.from('{"text":"schön ✓"}');
const ID = 'evt_1';
const DAY_MS = 86_400_000;
const OLD = 'the secret of yesterday';
const NEW = 'the secret of today';
const STRIPE = { scheme: 'stripe', header: 'Acme-Signature' } as const;
const GITHUB = { scheme: 'github', header: 'X-Acme-Signature-256' } as const;

interface Wish {
  readonly secrets: readonly SigningSecret[];
  readonly signing?: Signing;
  readonly signatures?: readonly SignatureScheme[];
  readonly now?: number;
}

function signaturesOf({ now = START_AT, ...choices }: Wish): Record<string, string> {
  const subscription: Subscription = {
    ...webhookSettings(choices),
    number: 3,
    id: 'sub_3',
    tenant: 1,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: choices.secrets,
  };
  const flat: string[] = [];
  const timestamp = Math.floor(now / 1000);
  pushSignatures(flat, prepareSignatures(subscription, now), { id: ID, timestamp, body: BODY });
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])),
  );
}

function overlap(signing: Signing = 'hmac'): SigningSecret[] {
  return rotated({
    secrets: [liveSecret(OLD)],
    signing,
    next: { shared: NEW, keyPair: null },
    now: START_AT,
    overlapMs: DAY_MS,
  });
}

function hmac(secret: string, prefix = ''): string {
  return createHmac('sha256', secret).update(prefix).update(BODY).digest('hex');
}

/** Whether a receiver that knows only this secret or public key takes the request. */
function passes(headers: Record<string, string>, secret: string, now = START_AT): boolean {
  const timestamp = String(Math.floor(now / 1000));
  return verifyStandard({
    secrets: [secret],
    id: ID,
    timestamp,
    signatureHeader: headers['webhook-signature'],
    body: BODY,
    nowSeconds: Number(timestamp),
  }).ok;
}

test('in the overlap every receiver finds its signature, and after it only the new ones', () => {
  const secrets = overlap();
  const during = signaturesOf({ secrets, now: START_AT + DAY_MS - 1 });
  for (const secret of [OLD, NEW]) assert.ok(passes(during, secret, START_AT + DAY_MS - 1));
  assert.equal(during['x-agent-signature'], hmac(NEW));
  assert.equal(during['x-agent-signature-2'], hmac(OLD));
  const after = signaturesOf({ secrets, now: START_AT + DAY_MS });
  assert.ok(passes(after, NEW, START_AT + DAY_MS));
  assert.equal(after['webhook-signature']?.includes(' '), false);
  assert.equal(after['x-agent-signature-2'], undefined);
  assert.deepEqual(after, signaturesOf({ secrets: [liveSecret(NEW)], now: START_AT + DAY_MS }));
});

test('the newest signs first', () => {
  const [first, second] =
    signaturesOf({ secrets: overlap() })['webhook-signature']?.split(' ') ?? [];
  assert.equal(first, signaturesOf({ secrets: [liveSecret(NEW)] })['webhook-signature']);
  assert.equal(second, signaturesOf({ secrets: [liveSecret(OLD)] })['webhook-signature']);
});

test("Stripe's flavour has a v1 for each live secret, GitHub's a sister header", () => {
  const headers = signaturesOf({ secrets: overlap(), signatures: [STRIPE, GITHUB] });
  const at = START_AT / 1000;
  assert.deepEqual(headers, {
    'Acme-Signature': `t=${at},v1=${hmac(NEW, `${at}.`)},v1=${hmac(OLD, `${at}.`)}`,
    'X-Acme-Signature-256': `sha256=${hmac(NEW)}`,
    'X-Acme-Signature-256-2': `sha256=${hmac(OLD)}`,
  });
  const alone = signaturesOf({ secrets: [liveSecret(NEW)], signatures: [STRIPE, GITHUB] });
  assert.deepEqual(Object.keys(alone), ['Acme-Signature', 'X-Acme-Signature-256']);
});

test('from HMAC to ed25519: the old receivers go on, the flavours keep a shared secret', () => {
  const pair = generateSigningKeyPair(Buffer.alloc(32, 5));
  const secrets = rotated({
    secrets: [liveSecret(OLD)],
    signing: 'hmac',
    next: { shared: NEW, keyPair: pair.secret },
    now: START_AT,
    overlapMs: DAY_MS,
  });
  const headers = signaturesOf({ secrets, signing: 'ed25519', signatures: ['standard', GITHUB] });
  assert.match(headers['webhook-signature'] ?? '', /^v1a,\S+ v1,\S+$/);
  assert.ok(passes(headers, pair.publicKey) && passes(headers, OLD));
  assert.equal(passes(headers, NEW), false, 'the shared one beside a pair signs the rest alone');
  assert.equal(headers['X-Acme-Signature-256'], `sha256=${hmac(NEW)}`);
  assert.equal(headers['X-Acme-Signature-256-2'], `sha256=${hmac(OLD)}`);
});

test('whatever was rotated, each live generation is verified, and no ended one', () => {
  const steps = fc.array(
    fc.record({
      signing: fc.constantFrom<Signing>('hmac', 'ed25519'),
      overlapMs: fc.constantFrom(0, 1_000, 5_000),
      passes: fc.nat(4_000),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(steps, (rotations) => {
      let now = START_AT;
      let signing: Signing = 'hmac';
      let secrets = secretsOf({ shared: generateSecret(Buffer.alloc(32)), keyPair: null });
      const ends = [
        { public: secrets[0]?.text ?? '', shared: secrets[0]?.text ?? '', end: Infinity },
      ];
      for (const [at, step] of rotations.entries()) {
        now += step.passes;
        const pair = generateSigningKeyPair(Buffer.alloc(32, at + 1));
        const shared = generateSecret(Buffer.alloc(32, at + 101));
        const keyPair = step.signing === 'ed25519' ? pair.secret : null;
        const { overlapMs } = step;
        secrets = rotated({ secrets, signing, next: { shared, keyPair }, now, overlapMs });
        ({ signing } = step);
        for (const known of ends) {
          const wasLast = known.end === Infinity;
          known.end = overlapMs === 0 ? now : wasLast ? now + overlapMs : known.end;
        }
        const verifier = keyPair === null ? shared : pair.publicKey;
        ends.push({ public: verifier, shared, end: Infinity });
      }
      const headers = signaturesOf({ secrets, signing, now });
      for (const known of ends) assert.equal(passes(headers, known.public, now), known.end > now);
      const [newest, previous] = ends
        .filter(({ end }) => end > now)
        .slice(-2)
        .toReversed();
      const agent = (signature: string | undefined, secret: string) =>
        verifyAgent({ secrets: [secret], signature, body: BODY }).ok;
      assert.ok(agent(headers['x-agent-signature'], newest?.shared ?? ''));
      assert.equal(headers['x-agent-signature-2'] !== undefined, previous !== undefined);
      if (previous !== undefined) {
        assert.ok(agent(headers['x-agent-signature-2'], previous.shared));
      }
    }),
  );
});
