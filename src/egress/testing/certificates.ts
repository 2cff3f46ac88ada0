import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { der, objectId, serialNumber, smallInteger, TAG, utcTime } from './der.ts';

const VERSION_3 = 2;
const DAY_MS = 86_400_000;

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
} as const;

/** PEM key and certificate, as `tls.createServer` takes them. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  /** PEM, for the client's trust. */
  readonly cert: string;
  /** Issues a certificate for DNS names; `daysLeft` below zero makes an expired one. */
  issue(names: readonly string[], daysLeft?: number): Identity;
}

/** A new certificate authority that exists only in this test. */
export function createAuthority(): Authority {
  const keys = generateKeys();
  const issuer = commonName(`Test authority ${randomBytes(4).toString('hex')}`);
  const isAuthority = der(TAG.sequence, der(TAG.boolean, Buffer.from([0xff])));
  const root = certify({
    issuer,
    signer: keys.privateKey,
    subject: issuer,
    publicKey: keys.publicKey,
    daysLeft: 1,
    extension: extension(OID.basicConstraints, isAuthority),
  });
  return {
    cert: root,
    issue(names, daysLeft = 1) {
      const leaf = generateKeys();
      const cert = certify({
        issuer,
        signer: keys.privateKey,
        subject: commonName(names[0] ?? 'nobody'),
        publicKey: leaf.publicKey,
        daysLeft,
        extension: alternativeNames(names),
      });
      return { key: privatePem(leaf.privateKey), cert };
    },
  };
}

/** A certificate that vouches for itself. */
export function createSelfSigned(names: readonly string[]): Identity {
  const keys = generateKeys();
  const subject = commonName(names[0] ?? 'nobody');
  const cert = certify({
    issuer: subject,
    signer: keys.privateKey,
    subject,
    publicKey: keys.publicKey,
    daysLeft: 1,
    extension: alternativeNames(names),
  });
  return { key: privatePem(keys.privateKey), cert };
}

interface Certificate {
  readonly issuer: Buffer;
  readonly signer: KeyObject;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly daysLeft: number;
  readonly extension: Buffer;
}

/** RFC 5280 §4.1, version 3 with one extension, as PEM. */
function certify(certificate: Certificate): string {
  const algorithm = der(TAG.sequence, objectId(OID.ecdsaWithSha256));
  const now = Date.now();
  const body = der(
    TAG.sequence,
    der(TAG.explicit0, smallInteger(VERSION_3)),
    serialNumber(randomBytes(8)),
    algorithm,
    certificate.issuer,
    der(
      TAG.sequence,
      utcTime(new Date(now - 10 * DAY_MS)),
      utcTime(new Date(now + certificate.daysLeft * DAY_MS)),
    ),
    certificate.subject,
    certificate.publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.explicit3, der(TAG.sequence, certificate.extension)),
  );
  const signature = sign('sha256', body, certificate.signer);
  const bytes = der(TAG.sequence, body, algorithm, der(TAG.bitString, Buffer.from([0]), signature));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function commonName(name: string): Buffer {
  const attribute = der(
    TAG.sequence,
    objectId(OID.commonName),
    der(TAG.utf8String, Buffer.from(name)),
  );
  return der(TAG.sequence, der(TAG.set, attribute));
}

function alternativeNames(names: readonly string[]): Buffer {
  const dnsNames = names.map((name) => der(TAG.implicit2, Buffer.from(name)));
  return extension(OID.subjectAltName, der(TAG.sequence, ...dnsNames));
}

function extension(id: string, value: Buffer): Buffer {
  return der(TAG.sequence, objectId(id), der(TAG.octetString, value));
}

function generateKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
