/** A self-signed X.509 certificate with an RSA key, for senders that sign with one. */
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { der, objectId, serialNumber, TAG, utcTime } from '../egress/testing/der.ts';

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const COMMON_NAME = '2.5.4.3';
const NULL = Buffer.from([5, 0]);

/** PEM. Times in milliseconds. */
export function rsaCertificate(
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  commonName: string,
  valid: { readonly from: number; readonly to: number },
): string {
  const algorithm = der(TAG.sequence, objectId(SHA256_WITH_RSA), NULL);
  const text = der(TAG.utf8String, Buffer.from(commonName));
  const attribute = der(TAG.sequence, objectId(COMMON_NAME), text);
  const name = der(TAG.sequence, der(TAG.set, attribute));
  const body = der(
    TAG.sequence,
    serialNumber(Buffer.from('12345678')),
    algorithm,
    name,
    der(TAG.sequence, utcTime(new Date(valid.from)), utcTime(new Date(valid.to))),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', body, keys.privateKey);
  const bits = der(TAG.bitString, Buffer.from([0]), signature);
  const bytes = der(TAG.sequence, body, algorithm, bits);
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
