/**
 * HMAC-SHA256 (RFC 2104) for a key that signs many messages.
 *
 * Measured on Node 24.21 with a 500-byte body behind a 45-character prefix: 1.9 µs a call, where
 * `createHmac` takes 2.8 µs with a KeyObject and 19 µs with the key's bytes.
 */
import * as crypto from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Above this the copy into the scratch buffer costs more than `createHmac`'s set-up. */
const MAX_SCRATCH_BYTES = 256 * 1024;
const FIRST_SCRATCH_BYTES = 4096;

/** `crypto.hash`: Node ≥ 20.12; other runtimes may lack it. */
type OneShotHash = typeof crypto.hash;
const runtimeHash: OneShotHash | undefined = crypto.hash;

const encoder = new TextEncoder();

// One scratch for all keys: every use is synchronous and starts by writing all it reads, so two
// keys, or one key called from inside another's caller, can't see each other's bytes.
let innerScratch = new Uint8Array(FIRST_SCRATCH_BYTES);
const outerScratch = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES);

function scratchOf(bytes: number): Uint8Array {
  if (innerScratch.length < bytes) {
    innerScratch = new Uint8Array(Math.min(2 ** Math.ceil(Math.log2(bytes)), MAX_SCRATCH_BYTES));
  }
  return innerScratch;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

export interface HmacOptions {
  /** The runtime's one-shot hash; `null` when it has none. Detected when left out. */
  readonly oneShotHash?: OneShotHash | null;
}

/** Its fields are private, so that printing or serialising it shows no key. */
export class HmacSha256Key {
  readonly #key: Uint8Array;
  /** For createHmac, which takes 15 µs a call longer when given bytes; made at first use. */
  #keyObject: crypto.KeyObject | undefined;
  readonly #innerPad: Uint8Array;
  readonly #outerPad: Uint8Array;
  readonly #hash: OneShotHash | undefined;

  /** @throws TypeError for an empty key, which would let anyone sign. */
  constructor(key: Uint8Array, options: HmacOptions = {}) {
    if (key.length === 0) throw new TypeError('An HMAC key must not be empty');
    this.#key = Uint8Array.from(key);
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(key.length > BLOCK_BYTES ? crypto.createHash('sha256').update(key).digest() : key);
    this.#innerPad = block.map((byte) => byte ^ 0x36);
    this.#outerPad = block.map((byte) => byte ^ 0x5c);
    this.#hash =
      options.oneShotHash === undefined ? runtimeHash : (options.oneShotHash ?? undefined);
  }

  /** Signature of UTF-8 `prefix` followed by `body`, as lowercase hex. */
  hex(body: Uint8Array, prefix = ''): string {
    return this.#digest(prefix, body, 'hex');
  }

  /** Signature of UTF-8 `prefix` followed by `body`, as padded base64. */
  base64(body: Uint8Array, prefix = ''): string {
    return this.#digest(prefix, body, 'base64');
  }

  #digest(prefix: string, body: Uint8Array, encoding: 'hex' | 'base64'): string {
    // Every UTF-16 unit is at most 3 bytes of UTF-8.
    const atMost = BLOCK_BYTES + prefix.length * 3 + body.length;
    if (this.#hash === undefined || atMost > MAX_SCRATCH_BYTES) {
      this.#keyObject ??= crypto.createSecretKey(this.#key);
      const hmac = crypto.createHmac('sha256', this.#keyObject);
      return hmac.update(prefix, 'utf8').update(body).digest(encoding);
    }
    const scratch = scratchOf(atMost);
    scratch.set(this.#innerPad, 0);
    const bodyAt = writeText(prefix, scratch, BLOCK_BYTES);
    scratch.set(body, bodyAt);
    // A 'binary' string holds one byte a character, and Node makes it 1 µs sooner than a Buffer.
    const inner = this.#hash('sha256', scratch.subarray(0, bodyAt + body.length), 'binary');
    outerScratch.set(this.#outerPad, 0);
    for (let at = 0; at < DIGEST_BYTES; at += 1) {
      outerScratch[BLOCK_BYTES + at] = inner.charCodeAt(at);
    }
    return this.#hash('sha256', outerScratch, encoding);
  }
}

/** Answers the position behind the text. */
function writeText(text: string, into: Uint8Array, at: number): number {
  if (!isAscii(text)) {
    const bytes = encoder.encode(text);
    into.set(bytes, at);
    return at + bytes.length;
  }
  for (let index = 0; index < text.length; index += 1) into[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Longer than any signature that is compared often. */
const MAX_COMPARED_CHARS = 512;
const leftScratch = new Uint8Array(MAX_COMPARED_CHARS * 3);
const rightScratch = new Uint8Array(MAX_COMPARED_CHARS * 3);

/**
 * Whether two texts are the same, in a time that depends on their lengths only. Comparing the
 * encoded texts, not what they decode to, refuses every non-canonical spelling of a signature.
 *
 * Measured on Node 24.21 with 64 characters: 0.4 µs, where fresh arrays take 1.5 µs.
 */
export function sameText(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  if (left.length > MAX_COMPARED_CHARS) {
    const a = encoder.encode(left);
    const b = encoder.encode(right);
    return a.length === b.length && crypto.timingSafeEqual(a, b);
  }
  const bytes = encoder.encodeInto(left, leftScratch).written;
  if (encoder.encodeInto(right, rightScratch).written !== bytes) return false;
  return crypto.timingSafeEqual(leftScratch.subarray(0, bytes), rightScratch.subarray(0, bytes));
}
