/**
 * The schemes that need code: what a provider's entry says to choose one. Entries stay data; what a
 * source adds is in its secrets and its `config`.
 *
 * A text in the parameters may hold `{config.name}`, which stands for the source's own setting. As
 * long as that is not set, the source refuses everything and says which setting it waits for.
 */
import type { PublicJwsAlgorithm } from './jws.ts';

interface Code<Name extends string, Params> {
  readonly kind: 'code';
  readonly name: Name;
  readonly params: Params;
}

/** For schemes that belong to one provider and have nothing to choose. */
export type NoParams = Readonly<Record<string, never>>;

/** A JWT under a shared secret (HS256) that vouches for the body by its SHA-256. */
export interface JwtBodyHashParams {
  /** Lower case. */
  readonly header: string;
  /** The claim that holds the hash. */
  readonly claim: string;
  readonly claimEncoding: 'hex' | 'base64';
  /** Null where the provider sets none that could be known. */
  readonly issuer: string | null;
  /** Whether every token must say when it ends. */
  readonly expires: boolean;
}

/** Who may have issued a token, and where its keys are published. */
export interface JwtIssuer {
  /** Null where the key set belongs to this one purpose and the issuer is not documented. */
  readonly issuer: string | null;
  /** URL of the JSON Web Key Set. */
  readonly keys: string;
  /** Further claims with the exact text they must have. */
  readonly exact?: Readonly<Record<string, string>>;
}

/** A JWT under a published key, in a header. It says who sends; it does not cover the body. */
export interface JwtParams {
  /** Lower case. */
  readonly header: string;
  /** Whether the value begins with `Bearer `. */
  readonly bearer: boolean;
  readonly algorithm: PublicJwsAlgorithm;
  /** Different ones may share an issuer's name only if they share its keys. */
  readonly issuers: readonly JwtIssuer[];
  /** `config.audience` (a comma list) decides; without it the source's own URL, or nothing. */
  readonly audience: 'config' | 'config-or-url';
}

/** A shared token, a JWT, or both, as the source is configured. */
export interface TokenAndJwtParams {
  readonly token: { readonly in: 'header' | 'query'; readonly name: string };
  readonly jwt: JwtParams;
  /** The setting whose presence says that a JWT is required. */
  readonly jwtSetting: string;
}

/** RFC 9421. */
export interface HttpSignatureParams {
  /** The `tag` a signature must carry; null for any. */
  readonly tag: string | null;
}

export type CodeScheme =
  | Code<'jwt-body-hash', JwtBodyHashParams>
  | Code<'jwt', JwtParams>
  | Code<'token-and-jwt', TokenAndJwtParams>
  | Code<'security-event-token', NoParams>
  | Code<'http-signature', HttpSignatureParams>
  | Code<'sns', NoParams>
  | Code<'paypal', NoParams>
  | Code<'plaid', NoParams>
  | Code<'twilio', NoParams>
  | Code<'adyen-items', NoParams>
  | Code<'hubspot-v3', NoParams>
  | Code<'hubspot-v1v2', NoParams>
  | Code<'browser-use', NoParams>
  | Code<'manus', NoParams>
  | Code<'fal', NoParams>
  | Code<'dropbox-sign', NoParams>
  | Code<'microsoft-graph', NoParams>
  | Code<'worldpay', NoParams>;
