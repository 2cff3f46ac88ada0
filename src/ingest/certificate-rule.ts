/**
 * Mutual TLS: which certificate a sender must show. It is looked at where TLS ends: here, or in a
 * trusted proxy that tells of it in a header.
 */
import { X509Certificate } from 'node:crypto';
import { senderCertificate, type SenderCertificate } from '../domain/sender-certificate.ts';
import type { Gate } from './gate.ts';
import { headerOf } from './headers.ts';
import type { Networks } from './networks.ts';
import type { RequestHead } from './port.ts';
import { SourceFault } from './source-fault.ts';

const POINTER = '/config/client_certificate';
const FINGERPRINT = /^[0-9a-f]{64}$/;

/** @throws SourceFault for a rule that can't be read. */
export function certificateRule(
  config: Readonly<Record<string, unknown>>,
  trustedProxies: Networks | null,
): Gate['certificate'] {
  const rule = config['client_certificate'];
  if (rule === undefined) return null;
  const wanted = readRule(rule);
  return {
    isShown(head) {
      const shown = shownBy(head, trustedProxies);
      if (shown === null) return false;
      const { fingerprint = shown.fingerprint, subject = shown.subject } = wanted;
      return shown.fingerprint === fingerprint && shown.subject === subject;
    },
  };
}

function readRule(rule: unknown): Partial<SenderCertificate> {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) throw unreadable();
  const { fingerprint_sha256: fingerprint, subject, ...rest } = rule as Record<string, unknown>;
  if (Object.keys(rest).length > 0) throw unreadable();
  if (fingerprint === undefined && subject === undefined) throw unreadable();
  return {
    ...(fingerprint !== undefined && { fingerprint: readFingerprint(fingerprint) }),
    ...(subject !== undefined && { subject: readSubject(subject) }),
  };
}

function readFingerprint(value: unknown): string {
  const text = typeof value === 'string' ? value.replaceAll(':', '').toLowerCase() : '';
  if (FINGERPRINT.test(text)) return text;
  const message = 'must be the SHA-256 of the certificate: 64 hex digits, colons allowed';
  throw new SourceFault(`${POINTER}/fingerprint_sha256`, message);
}

function readSubject(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  const message = 'must be a distinguished name such as CN=hooks.example.com,O=Example';
  throw new SourceFault(`${POINTER}/subject`, message);
}

function unreadable(): SourceFault {
  return new SourceFault(POINTER, 'must be an object with fingerprint_sha256, subject, or both');
}

function shownBy(head: RequestHead, trustedProxies: Networks | null): SenderCertificate | null {
  if (trustedProxies?.includes(head.peer) !== true) return head.certificate();
  return fromClientCert(headerOf(head, 'client-cert'));
}

/** RFC 9440 §2.1: the proxy that ended TLS repeats the certificate, base64 between colons. */
function fromClientCert(value: string | undefined): SenderCertificate | null {
  const base64 = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value ?? '')?.[1];
  if (base64 === undefined) return null;
  try {
    return senderCertificate(new X509Certificate(Buffer.from(base64, 'base64')));
  } catch {
    return null;
  }
}
