/**
 * The request of an inbound bench: what GitHub would send to a source, with the same 500-byte body
 * as every other bench. Three fields of fixed width are overwritten per event: the number in the
 * body, the delivery id, and the signature, which the generator makes on its own core.
 */
import { HmacSha256Key } from '../../src/protocol/hmac.ts';
import type { Signing } from './load-protocol.ts';
import { templateBody, writeSequence, SEQ_DIGITS, SEQ_MARK } from './payload.ts';
import type { RequestOptions } from './payload.ts';

const SIGNATURE_CHARS = 64;
const SIGNATURE_MARK = 'sha256=';
const ID_MARK = 'x-github-delivery: ';

export class SignedRequest {
  readonly bytes: Buffer;
  readonly #key: HmacSha256Key;
  readonly #copies: number;
  readonly #body: Buffer;
  readonly #signatureAt: number;
  readonly #idAt: number;
  readonly #seqAt: number;

  constructor({ port, path }: RequestOptions, { secret, copies }: Signing) {
    const body = templateBody();
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      'user-agent: GitHub-Hookshot/bench',
      'x-github-event: push',
      `${ID_MARK}${'0'.repeat(SEQ_DIGITS)}`,
      `x-hub-signature-256: ${SIGNATURE_MARK}${'0'.repeat(SIGNATURE_CHARS)}`,
      `content-length: ${body.length}`,
    ].join('\r\n');
    this.bytes = Buffer.from(`${head}\r\n\r\n${body}`, 'latin1');
    this.#key = new HmacSha256Key(Buffer.from(secret));
    this.#copies = copies;
    this.#body = this.bytes.subarray(this.bytes.length - body.length);
    this.#signatureAt = this.bytes.indexOf(SIGNATURE_MARK) + SIGNATURE_MARK.length;
    this.#idAt = this.bytes.indexOf(ID_MARK) + ID_MARK.length;
    this.#seqAt = this.bytes.indexOf(SEQ_MARK) + SEQ_MARK.length;
  }

  /** Of `copies` numbers in a row, all make the same request: the first is new, the rest repeat. */
  stamp(seq: number): void {
    const event = Math.floor(seq / this.#copies);
    writeSequence(this.bytes, this.#seqAt, event);
    writeSequence(this.bytes, this.#idAt, event);
    this.bytes.write(this.#key.hex(this.#body), this.#signatureAt, 'latin1');
  }
}
