import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HttpParser, statusOf, targetOf } from './http-parser.ts';
import type { MessageKind } from './http-parser.ts';

interface Seen {
  head: string;
  body: string;
}

function parse(kind: MessageKind, chunks: Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const parser = new HttpParser(kind, (head, body) => seen.push({ head, body: body.toString() }));
  for (const chunk of chunks) parser.push(chunk);
  return seen;
}

function sized(status: number, body: string): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function chunked(status: number, parts: string[]): string {
  const frames = parts
    .filter((part) => part !== '')
    .map((part) => `${hexLength(part)}\r\n${part}\r\n`);
  return `HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\n\r\n${frames.join('')}0\r\n\r\n`;
}

function hexLength(part: string): string {
  return Buffer.byteLength(part).toString(16);
}

/** Cuts the bytes at the given places, wherever they fall. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const stops = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  const chunks: Buffer[] = [];
  let from = 0;
  for (const stop of stops.toSorted((a, b) => a - b)) {
    chunks.push(bytes.subarray(from, stop));
    from = stop;
  }
  return chunks;
}

describe('http parser', () => {
  it('reads a response framed by content-length', () => {
    const [only, ...more] = parse('response', [Buffer.from(sized(202, '{"id":"evt_1"}'))]);
    assert.equal(statusOf(only?.head ?? ''), 202);
    assert.equal(only?.body, '{"id":"evt_1"}');
    assert.deepEqual(more, []);
  });

  it('reads a chunked response with an extension and trailers', () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nbell\r\n0\r\nx: 1\r\n\r\n';
    assert.deepEqual(
      parse('response', [Buffer.from(text + sized(500, 'next'))]).map((seen) => seen.body),
      ['bell', 'next'],
    );
  });

  it('reads responses without a body and skips interim ones', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nDate: x\r\n\r\n';
    const seen = parse('response', [Buffer.from(text)]);
    assert.deepEqual(
      seen.map((message) => statusOf(message.head)),
      [204],
    );
  });

  it('reads a request with and without a body', () => {
    const text = 'POST /hook/a HTTP/1.1\r\ncontent-length: 2\r\n\r\nhiGET /b HTTP/1.1\r\n\r\n';
    const seen = parse('request', [Buffer.from(text)]);
    assert.deepEqual(
      seen.map((message) => [targetOf(message.head), message.body]),
      [
        ['/hook/a', 'hi'],
        ['/b', ''],
      ],
    );
  });
});

describe('http parser under odd packets', () => {
  it('gives the same messages however the packets are cut', () => {
    const message = fc.oneof(
      fc.record({ kind: fc.constant('sized' as const), parts: fc.array(fc.string()) }),
      fc.record({ kind: fc.constant('chunked' as const), parts: fc.array(fc.string()) }),
    );
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat(), { maxLength: 12 }), (messages, places) => {
        const text = messages.map(({ kind, parts }) =>
          kind === 'sized' ? sized(202, parts.join('')) : chunked(202, parts),
        );
        const seen = parse('response', cut(Buffer.from(text.join('')), places));
        assert.deepEqual(
          seen.map(({ body }) => body),
          messages.map(({ parts }) => parts.join('')),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('does not hold on to the memory of a split packet', () => {
    const whole = Buffer.from(sized(202, 'kept'));
    const seen: string[] = [];
    const parser = new HttpParser('response', (_head, body) => seen.push(body.toString()));
    const shared = Buffer.from(whole.subarray(0, whole.length - 1));
    parser.push(shared);
    shared.fill(0);
    parser.push(whole.subarray(whole.length - 1));
    assert.deepEqual(seen, ['kept']);
  });

  it('refuses what it cannot frame, with a reason', () => {
    const refusals: [string, RegExp][] = [
      ['HTTP/1.1 200 OK\r\ndate: x\r\n\r\n', /neither content-length nor chunked/],
      ['SSH-2.0-OpenSSH\r\n\r\n', /not an HTTP\/1\.1 response/],
      ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', /bad chunk size: "zz"/],
      ['x'.repeat(1024 * 1024 + 1), /exceeds 1048576 bytes/],
    ];
    for (const [text, reason] of refusals) {
      assert.throws(() => parse('response', [Buffer.from(text)]), reason);
    }
  });
});
