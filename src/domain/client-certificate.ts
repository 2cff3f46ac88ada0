/** The certificate that a subscription shows to its target in mutual TLS, and its faults. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

export interface ClientCertificate {
  /** PEM: the certificate, and behind it those of its issuers that the target needs. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly privateKey: string;
  /** PEM: authorities that may have issued the target's certificate, beside the usual ones. */
  readonly ca: string | null;
}

/** What anybody may know of it. */
export interface CertificateFacts {
  /** SHA-256, upper-case hex in pairs. */
  readonly fingerprint: string;
  /** One line, such as `CN=billing, O=Acme`. */
  readonly subject: string;
  /** Milliseconds. */
  readonly expiresAt: number;
}

/** Certificates in one PEM text. */
export const MAX_CERTIFICATES = 10;
const MIN_RSA_BITS = 2_048;
const KEY_TYPES: ReadonlySet<string | undefined> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519']);

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface CertificateProblem {
  readonly field: 'certificate' | 'privateKey' | 'ca';
  /** A sentence; it never repeats a part of the key. */
  readonly reason: string;
}

/** @param now milliseconds. */
export function checkClientCertificate(
  { certificate, privateKey, ca }: ClientCertificate,
  now: number,
): CertificateProblem | undefined {
  const chain = readCertificates(certificate);
  if (typeof chain === 'string') return { field: 'certificate', reason: chain };
  const [leaf] = chain;
  if (leaf === undefined || leaf.validToDate.getTime() <= now) {
    return { field: 'certificate', reason: 'has expired' };
  }
  const key = readKey(privateKey);
  if (typeof key === 'string') return { field: 'privateKey', reason: key };
  if (!leaf.checkPrivateKey(key)) {
    return { field: 'privateKey', reason: 'does not belong to the first certificate' };
  }
  const authorities = ca === null ? [] : readCertificates(ca);
  return typeof authorities === 'string' ? { field: 'ca', reason: authorities } : undefined;
}

/** @throws Error for text that `checkClientCertificate` refuses. */
export function certificateFacts({ certificate }: ClientCertificate): CertificateFacts {
  const leaf = new X509Certificate(certificate);
  return {
    fingerprint: leaf.fingerprint256,
    subject: leaf.subject.split('\n').join(', '),
    expiresAt: leaf.validToDate.getTime(),
  };
}

function readCertificates(pem: string): readonly X509Certificate[] | string {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return 'holds no certificate in PEM';
  if (blocks.length > MAX_CERTIFICATES) return `holds more than ${MAX_CERTIFICATES} certificates`;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return 'holds a certificate that can not be read';
  }
}

function readKey(pem: string): KeyObject | string {
  if (/ENCRYPTED/.test(pem)) return 'must not be encrypted';
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return 'is no private key in PEM';
  }
  if (!KEY_TYPES.has(key.asymmetricKeyType)) return 'must be an RSA, EC or Ed25519 key';
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) return `must have at least ${MIN_RSA_BITS} bits`;
  return key;
}
