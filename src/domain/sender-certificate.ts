/** What a sender showed in mutual TLS, as rules over it are written. */
import type { X509Certificate } from 'node:crypto';

export interface SenderCertificate {
  /** SHA-256 over the DER bytes, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** One line, such as `CN=hooks.example.com,O=Example`, in the order of the certificate. */
  readonly subject: string;
}

export function senderCertificate(
  shown: Pick<X509Certificate, 'fingerprint256' | 'subject'>,
): SenderCertificate {
  return {
    fingerprint: shown.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: shown.subject.split('\n').join(','),
  };
}
