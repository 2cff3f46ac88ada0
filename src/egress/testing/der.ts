/** As much of DER (ITU-T X.690) as a test certificate needs. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  implicit2: 0x82,
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

/** Tag, length, content. Contents are at most 65,535 bytes. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** A positive integer below 2^62 from its big-endian bytes; the two top bits are overwritten. */
export function serialNumber(bytes: Buffer): Buffer {
  return der(TAG.integer, Buffer.from([0x40 | ((bytes[0] ?? 0) & 0x3f), ...bytes.subarray(1)]));
}

/** An integer from 0 to 127. */
export function smallInteger(value: number): Buffer {
  return der(TAG.integer, Buffer.from([value]));
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(TAG.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift(0x80 | (left & 0x7f));
  return bytes;
}

/** `YYMMDDHHMMSSZ`, for years up to 2049. */
export function utcTime(instant: Date): Buffer {
  const digits = instant.toISOString().replaceAll(/\D/g, '').slice(2, 14);
  return der(TAG.utcTime, Buffer.from(`${digits}Z`));
}
