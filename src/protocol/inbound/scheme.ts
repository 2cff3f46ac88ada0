/**
 * The language in which a provider's way of signing is written down. A scheme is data: it is
 * compiled once for a source (`compile.ts`), and users write their own with `custom.ts`.
 *
 * Wherever a name or prefix stands, `{config.setting}` stands for the source's own setting, and
 * `{config.setting|default}` for the setting or, without one, the default.
 */
import type { CodeScheme } from './code/scheme.ts';

export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** `base64url` is spelled without padding. */
export type SignatureEncoding = 'hex' | 'base64' | 'base64url';

/**
 * What the key of an HMAC is, given the secret a person pasted.
 * - `text`: the UTF-8 bytes of all of it
 * - `standard`: the decoded bytes of a `whsec_` secret, else as `text`
 * - `base64`, `base64url`, `hex`: the decoded bytes
 */
export type SecretForm = 'text' | 'standard' | 'base64' | 'base64url' | 'hex';

/** What a public key looks like. `pem` also takes an X.509 certificate. */
export type PublicKeyForm = 'pem' | 'spki-base64' | 'raw-hex' | 'raw-base64' | 'whpk';

/** ECDSA signatures are ASN.1 DER, or `r` and `s` side by side (`-p1363`). */
export type SignatureAlgorithm =
  | 'ed25519'
  | 'ecdsa-p256-sha256'
  | 'ecdsa-p256-sha256-p1363'
  | 'rsa-sha256'
  | 'rsa-sha1'
  | 'rsa-sha512'
  | 'rsa-pss-sha256';

/** How signatures stand in their header. */
export type SignatureLayout =
  /** One signature behind a prefix, which may be empty: `sha256=<hex>`. */
  | { readonly kind: 'single'; readonly prefix: string }
  /** Several behind the same prefix: `v1,<sig> v1,<sig> v2,<other>`. Other items are skipped. */
  | { readonly kind: 'list'; readonly separator: string; readonly prefix: string }
  /** Named fields: `t=1700000000,v1=<sig>,v1=<sig>`. Fields of other names are skipped. */
  | {
      readonly kind: 'fields';
      readonly separator: string;
      /** Between a name and its value. */
      readonly assign: string;
      readonly signature: string;
      /** The field with the timestamp; null when it stands elsewhere, or nowhere. */
      readonly timestamp: string | null;
      /** Whether one space may follow a separator. */
      readonly spaced?: boolean;
    };

export type SignaturePlace =
  /** All of these that a request has are read; lower case. */
  | { readonly headers: readonly string[] }
  /** JSON Pointer into the body. */
  | { readonly json: string }
  | { readonly query: string };

export interface SignatureSource {
  readonly at: SignaturePlace;
  readonly layout: SignatureLayout;
  readonly encoding: SignatureEncoding;
}

/** Where the time of sending stands; it must be part of what is signed. */
export interface TimestampRule {
  readonly at:
    /** Lower case. `otherwise` is read where the first is not there. */
    | { readonly header: string; readonly otherwise?: string }
    /** The field that the layout names. */
    | 'signature'
    /** JSON Pointer into the body. */
    | { readonly json: string };
  readonly unit: 's' | 'ms' | 'iso8601';
  /** How far it may be off, before and after now. */
  readonly toleranceSeconds: number;
}

interface SignedContent {
  /**
   * What is signed, as text with placeholders: `{body}` `{body_sha256_hex}` `{timestamp}` `{id}`
   * `{url}` (the whole public URL) `{path}` (with the query) `{method}` `{json:/a/b}`
   * `{header:name}` `{query:name}` `{config.name}`; `{secret}` in `hash` schemes alone.
   */
  readonly content: string;
  readonly signature: SignatureSource;
  readonly timestamp: TimestampRule | null;
  /** Headers of which the first that is there is `{id}`; lower case. */
  readonly idHeaders?: readonly string[];
}

/** HMAC over the content, with the secret as key. */
export interface HmacScheme extends SignedContent {
  readonly kind: 'hmac';
  readonly hash: HashName;
  readonly key: SecretForm;
}

/** A plain hash of a content that has the secret in it. Weaker than an HMAC; some senders do it. */
export interface HashScheme extends SignedContent {
  readonly kind: 'hash';
  readonly hash: HashName;
}

/** A signature under the sender's private key; the secrets of the source are its public keys. */
export interface SignatureScheme extends SignedContent {
  readonly kind: 'signature';
  readonly algorithm: SignatureAlgorithm;
  readonly key: PublicKeyForm;
}

/**
 * A secret that comes along with each request and vouches for nothing else: whoever sees one
 * request can send another. Compared in constant time.
 */
export interface TokenScheme {
  readonly kind: 'token';
  readonly at:
    /** The secret behind a prefix such as `Bearer `, which may be empty; name in lower case. */
    | { readonly header: string; readonly prefix: string }
    /** HTTP Basic (RFC 7617); the secret is `user:password`. */
    | { readonly basic: true }
    | { readonly query: string }
    /**
     * JSON Pointer into the body. A segment `*` stands for each item of a list: all of them must
     * hold the secret, and there must be one.
     */
    | { readonly json: string };
}

/** Passes when one of them passes: for senders with a choice of ways. Their order is the order. */
export interface AnyScheme {
  readonly kind: 'any';
  readonly of: readonly SchemeDescription[];
}

/** Believes everybody. The server asks for `allow_unsigned: true` with it. */
export interface NoScheme {
  readonly kind: 'none';
}

export type SchemeDescription =
  | HmacScheme
  | HashScheme
  | SignatureScheme
  | TokenScheme
  | AnyScheme
  | CodeScheme
  | NoScheme;

/** The schemes that sign a content. */
export type SignedScheme = HmacScheme | HashScheme | SignatureScheme;
