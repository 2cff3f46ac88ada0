/** Secrets and signatures on the wire. A secret is written, and read in one reply alone. */
import { z } from 'zod';
import {
  DEFAULT_SECRET_OVERLAP_SECONDS,
  MAX_CUSTOM_HEADER_NAME_CHARS,
  MAX_SECRET_OVERLAP_SECONDS,
  MAX_SIGNATURES_PER_SUBSCRIPTION,
} from '../../domain/limits.ts';
import { checkSignatures } from '../../domain/signature-choices.ts';
import { TEMPLATE_NAMES } from '../../protocol/schemes/templates.ts';
import { checkSecret, checkSigningKey, PRIVATE_KEY_PREFIX } from '../../protocol/secrets.ts';
import { instantOut } from '../common-schema.ts';
import { rule, strict } from '../validation.ts';

const headerSignature = strict({
  scheme: z.enum(TEMPLATE_NAMES),
  header: z
    .string()
    .max(MAX_CUSTOM_HEADER_NAME_CHARS)
    .meta({ examples: ['Acme-Signature'] }),
}).meta({ id: 'HeaderSignature' });

const signature = z.union([z.enum(['standard', 'agent']), headerSignature], {
  error: 'is "standard", "agent", or {"scheme": "stripe" or "github", "header": a name of yours}',
});

export const signatureList = z
  .array(signature)
  .min(1)
  .max(MAX_SIGNATURES_PER_SUBSCRIPTION)
  .describe(
    '`standard` = `webhook-signature`, `agent` = `x-agent-signature`, the default being both. ' +
      '`{"scheme":"stripe","header":"Acme-Signature"}` adds `t=…,v1=…` over `timestamp.body`; ' +
      '`{"scheme":"github","header":"X-Acme-Signature-256"}` adds `sha256=…` over the body.',
  )
  .check(rule(checkSignatures, 'invalid'));

export const signaturesOutput = z.array(
  z.union([
    z.enum(['standard', 'agent']),
    z.object({ scheme: z.enum(TEMPLATE_NAMES), header: z.string() }),
  ]),
);

export const signingInput = z
  .enum(['hmac', 'ed25519'])
  .optional()
  .describe('How `webhook-signature` is made. Default `hmac`; `ed25519` with a `whsk_` secret.');

export const secretInput = z
  .string()
  .check(rule(secretProblem, 'invalid_secret'))
  .optional()
  .describe(
    'Your own signing secret: `whsec_` and the base64 of 24 to 64 bytes, or any text of at ' +
      'least 16 bytes. A `whsk_` key (base64 of seed and public key) signs with ed25519. One is ' +
      'made when it is left out.',
  );

/** What a `whsk_` key can't do. */
export function keyConflict(value: {
  readonly secret?: string | undefined;
  readonly signing?: string | undefined;
}): z.core.$ZodRawIssue[] {
  const { secret, signing } = value;
  if (signing !== 'hmac' || secret?.startsWith(PRIVATE_KEY_PREFIX) !== true) return [];
  const message = 'can not be "hmac" beside a whsk_ key, which signs with ed25519';
  const params = { code: 'conflicting_field' };
  return [{ code: 'custom', input: value, path: ['signing'], message, params }];
}

export const rotateSecretInput = strict({
  overlap_seconds: z
    .int()
    .min(0)
    .max(MAX_SECRET_OVERLAP_SECONDS)
    .default(DEFAULT_SECRET_OVERLAP_SECONDS)
    .describe('How long the former secret goes on signing too. 0 ends every former one at once.'),
  secret: secretInput,
  signing: signingInput.describe('To change the kind; by default it stays, unless `secret` tells.'),
})
  .check((context) => {
    context.issues.push(...keyConflict(context.value));
  })
  .meta({ id: 'RotateSecret' });

/** What anybody may read about the secrets. */
export const secretFacts = {
  public_key: z.string().nullable().describe('`whpk_…` with ed25519, else null.'),
  previous_public_keys: z
    .array(z.string())
    .describe('Of keys that were replaced and still sign, newest first.'),
  previous_secrets_expire_at: instantOut
    .nullable()
    .describe('When the last secret that was replaced stops signing; null when none signs.'),
};

function secretProblem(text: string): string | undefined {
  const check = text.startsWith(PRIVATE_KEY_PREFIX) ? checkSigningKey(text) : checkSecret(text);
  return check.ok ? undefined : check.reason;
}
