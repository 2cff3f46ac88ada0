import { errors } from 'undici';
import type { TransportFailure } from '../domain/attempt-result.ts';

/** A failure with its reason from the closed list; the message is safe to show to a tenant. */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly reason: TransportFailure;

  constructor(reason: TransportFailure, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** The same words for every kind of forbidden target: more would map the network for a prober. */
export const BLOCKED_DETAIL = 'target address is not allowed';

const CONNECT_DETAILS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the target refused the connection',
  ECONNRESET: 'the target closed the connection while it was being set up',
  EHOSTUNREACH: 'the target host is unreachable',
  ENETUNREACH: 'the target network is unreachable',
  ETIMEDOUT: 'the target did not answer the connection request',
};

/** A failed TCP connect. */
export function connectError(error: unknown): EgressError {
  return new EgressError('connect', CONNECT_DETAILS[errorCode(error)] ?? 'could not connect');
}

const TLS_DETAILS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate of the target has expired',
  CERT_NOT_YET_VALID: 'the certificate of the target is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the target is self-signed',
  ECONNRESET: 'the target closed the connection during the TLS handshake',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': 'the target does not take the client certificate',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': 'to the target the client certificate has expired',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': 'the target does not take the client certificate',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'the target refused the TLS handshake',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the target asks for a client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the target does not know who issued the client certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the target is for another host name',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain of the target ends in an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate chain of the target is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of the target has an unknown issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate chain of the target is incomplete',
};

/** A failed TLS handshake or a later TLS alert. */
export function tlsError(error: unknown): EgressError {
  const code = errorCode(error);
  return new EgressError('tls', TLS_DETAILS[code] ?? `the TLS handshake failed (${code})`);
}

/** An error of a socket that may have spoken TLS. */
export function socketError(error: unknown): EgressError {
  const code = errorCode(error);
  const isTls = code in TLS_DETAILS && !(code in CONNECT_DETAILS);
  return isTls || code.startsWith('ERR_SSL_') ? tlsError(error) : connectError(error);
}

const REFUSED_BEFORE_SENDING: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

/** What the HTTP layer reports, reduced to a reason. */
export function transferError(error: unknown): EgressError {
  if (error instanceof EgressError) return error;
  const code = errorCode(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new EgressError('response_too_large', 'the head of the response is too large');
  }
  if (REFUSED_BEFORE_SENDING.has(code)) {
    return new EgressError('blocked', 'the request holds a header or path that is not allowed');
  }
  if (error instanceof errors.HTTPParserError) {
    return new EgressError('reset', 'the response is not valid HTTP/1.1');
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return tlsError(error);
  return new EgressError('reset', 'the connection closed before the response was complete');
}

/** Node and undici put a short machine-readable code on their errors. */
function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return 'unknown error';
}
