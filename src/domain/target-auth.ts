/**
 * How a target lets us in: credentials in the `Authorization` header, and a certificate for mutual
 * TLS. They can be written and replaced; only their public parts are ever read.
 */

/** RFC 7617. */
export interface BasicAuth {
  readonly kind: 'basic';
  readonly username: string;
  readonly password: string;
}

/** RFC 6750, with a token that does not end. */
export interface BearerAuth {
  readonly kind: 'bearer';
  readonly token: string;
}

/** RFC 6749 §4.4, client credentials: a token is fetched, used until it ends, and fetched anew. */
export interface OAuth2Auth {
  readonly kind: 'oauth2';
  /** Normalised by WHATWG URL, and checked like a target. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
  /** Not in the RFC, but asked for by many servers. */
  readonly audience: string | null;
  /** Where client id and secret stand in the token request (§2.3.1). */
  readonly clientAuth: 'basic' | 'body';
}

export type TargetAuth = BasicAuth | BearerAuth | OAuth2Auth;

/** The `Authorization` of what needs no fetching; null for OAuth2. */
export function fixedAuthorization(auth: TargetAuth): string | null {
  if (auth.kind === 'bearer') return `Bearer ${auth.token}`;
  return auth.kind === 'basic' ? basicAuthorization(auth.username, auth.password) : null;
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
