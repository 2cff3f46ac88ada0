/** How a target lets us in, on the wire. Passwords, tokens and keys are written and never read. */
import { z } from 'zod';
import { MAX_CREDENTIAL_CHARS, MAX_PEM_CHARS, MAX_TARGET_URL_CHARS } from '../../domain/limits.ts';
import { instantOut } from '../common-schema.ts';
import { strict } from '../validation.ts';

/** Control characters would break the header; a colon would end the name (RFC 7617 §2). */
const USERNAME = /^[^:\p{Cc}\p{Cs}]*$/u;
const PASSWORD = /^[^\p{Cc}\p{Cs}]*$/u;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
/** VSCHAR of RFC 6749, appendix A. */
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

const text = (pattern: RegExp, error: string) =>
  z.string().max(MAX_CREDENTIAL_CHARS).regex(pattern, { error });

const secret = (pattern: RegExp, error: string) =>
  text(pattern, error).meta({ format: 'password', writeOnly: true });

const basicInput = strict({
  kind: z.literal('basic'),
  username: text(USERNAME, 'must hold neither ":" nor control characters'),
  password: secret(PASSWORD, 'must not hold control characters'),
}).meta({ id: 'BasicAuth' });

const bearerInput = strict({
  kind: z.literal('bearer'),
  token: secret(VISIBLE_ASCII, 'must be visible ASCII without spaces'),
}).meta({ id: 'BearerAuth' });

const clientAuth = z
  .enum(['basic', 'body'])
  .describe('Where client id and secret stand in the token request (RFC 6749 §2.3.1).');

const oauth2Input = strict({
  kind: z.literal('oauth2'),
  token_url: z
    .string()
    .max(MAX_TARGET_URL_CHARS)
    .describe('Held to the same rules as `target_url`.'),
  client_id: text(PRINTABLE_ASCII, 'must be printable ASCII'),
  client_secret: secret(PRINTABLE_ASCII, 'must be printable ASCII'),
  scope: text(SCOPE, 'is a list of scopes, separated by a space').optional(),
  audience: text(PASSWORD, 'must not hold control characters').optional(),
  client_auth: clientAuth.optional().describe('Default `basic`.'),
}).meta({ id: 'OAuth2Auth' });

const pem = z.string().max(MAX_PEM_CHARS);

const certificateInput = strict({
  certificate: pem.describe('PEM: your certificate, and behind it its issuers.'),
  private_key: pem.describe('PEM, not encrypted.').meta({ format: 'password', writeOnly: true }),
  ca: pem.optional().describe('PEM: who may have issued the certificate of the target.'),
}).meta({ id: 'ClientCertificate' });

/** Both can be changed later; each is replaced as a whole, and null takes it away. */
export const targetAccessInput = {
  auth: z
    .discriminatedUnion('kind', [basicInput, bearerInput, oauth2Input])
    .nullable()
    .optional()
    .describe('How the target lets us in: the `Authorization` header of every request.'),
  client_certificate: certificateInput
    .nullable()
    .optional()
    .describe('What is shown to the target in mutual TLS.'),
};

export type TargetAccessInput = z.output<z.ZodObject<typeof targetAccessInput>>;

export const targetAccessOutput = {
  auth: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('basic'), username: z.string() }),
      z.object({ kind: z.literal('bearer') }),
      z.object({
        kind: z.literal('oauth2'),
        token_url: z.string(),
        client_id: z.string(),
        scope: z.string().nullable(),
        audience: z.string().nullable(),
        client_auth: clientAuth,
      }),
    ])
    .nullable()
    .describe('Without its secret part.'),
  client_certificate: z
    .object({
      fingerprint: z.string().describe('SHA-256.'),
      subject: z.string(),
      expires_at: instantOut,
    })
    .nullable()
    .describe('What is known of the certificate; never its key.'),
};
