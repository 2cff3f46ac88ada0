/**
 * X.509 certificates of senders that name theirs by URL: Amazon SNS, PayPal. What makes one good is
 * where it was fetched from, over TLS: the URL comes with the request, so its host must be one of
 * the sender's own. Whom it is for and until when is looked at as well.
 */
import * as crypto from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { KeySource } from '../verifier.ts';
import { daysSinceEpoch } from './instants.ts';
import { fits } from './jws.ts';
import { documentAt } from './key-ring.ts';

/** Certificates kept ready: those of all regions of a sender. */
const MAX_READY = 32;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const TIME = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) GMT$/;
const COMMON_NAME = /^CN=(.+)$/m;

type CertificateClass = typeof X509Certificate;

/** Absent where a runtime brings only a part of node:crypto, whatever the types say. */
function certificateClass(): CertificateClass | undefined {
  const found: CertificateClass | undefined = crypto.X509Certificate;
  return found;
}

/** @throws TypeError where the runtime can't read certificates. */
export function mustReadCertificates(): void {
  if (certificateClass() === undefined) {
    throw new TypeError(
      'This runtime has no X509Certificate in node:crypto, which this provider needs: ' +
        'verify it on a server with Node.js',
    );
  }
}

interface ReadyCertificate {
  readonly key: KeyObject;
  readonly validFrom: number;
  readonly validTo: number;
}

/** The certificates of one sender, by URL. */
export class CertificateRing {
  readonly #source: KeySource;
  readonly #commonName: RegExp;
  readonly #ready = new Map<string, { text: string; certificate: ReadyCertificate | undefined }>();

  /** @param commonName whose certificates these must be. */
  constructor(source: KeySource, commonName: RegExp) {
    this.#source = source;
    this.#commonName = commonName;
  }

  /**
   * The RSA key of the certificate at a URL whose host the caller has checked. `undefined` when
   * there is none that may be used now.
   *
   * @throws KeyUnavailableError
   */
  async key(url: string, now: number): Promise<KeyObject | undefined> {
    const text = await documentAt(this.#source, url, false);
    let ready = this.#ready.get(url);
    if (ready === undefined || ready.text !== text) {
      if (this.#ready.size >= MAX_READY) this.#ready.clear();
      ready = { text, certificate: readCertificate(text, this.#commonName) };
      this.#ready.set(url, ready);
    }
    const { certificate } = ready;
    if (certificate === undefined) return undefined;
    return certificate.validFrom <= now && now <= certificate.validTo ? certificate.key : undefined;
  }
}

function readCertificate(text: string, commonName: RegExp): ReadyCertificate | undefined {
  const Certificate = certificateClass();
  if (Certificate === undefined || !text.includes('-----BEGIN CERTIFICATE-----')) return undefined;
  try {
    const certificate = new Certificate(text);
    const key = certificate.publicKey;
    const [validFrom, validTo] = [instant(certificate.validFrom), instant(certificate.validTo)];
    const name = COMMON_NAME.exec(certificate.subject)?.[1] ?? '';
    if (!fits(key, 'RS256') || !commonName.test(name)) return undefined;
    if (validFrom === undefined || validTo === undefined) return undefined;
    return { key, validFrom, validTo };
  } catch {
    return undefined;
  }
}

/** OpenSSL's spelling of a time: `Nov 23 18:46:31 2026 GMT`. */
function instant(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [day, hour, minute, second, year] = match.slice(2).map(Number);
  const month = MONTHS.indexOf(match[1] ?? '') / 3 + 1;
  const days = daysSinceEpoch(year ?? 0, month, day ?? 0);
  if (days === undefined) return undefined;
  return (((days * 24 + (hour ?? 0)) * 60 + (minute ?? 0)) * 60 + (second ?? 0)) * 1000;
}
