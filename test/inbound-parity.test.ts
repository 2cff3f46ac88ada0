/**
 * The server's front door and the SDK's receiver make the same event of a request. What they share
 * is shared as code; the reading of bodies exists twice, because the server keeps the bytes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mediaType, readBody } from '../src/ingest/body.ts';
import { MAX_INBOUND_JSON_DEPTH } from '../src/domain/limits-ingest.ts';
import { MAX_BODY_DEPTH, mediaTypeOf, readInboundBody } from '../src/protocol/inbound/body.ts';

const TYPES = [
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/cloudevents+json',
  'text/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'image/png',
  '',
];

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

const body = fc.oneof(
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.webQueryParameters().map((text) => Buffer.from(text)),
  fc
    .constantFrom('', '{', '{"__proto__":{"a":1}}', '__proto__=1&a=2&a=3', '\ufeff{}')
    .map((text) => Buffer.from(text)),
  fc.constantFrom(MAX_BODY_DEPTH, MAX_BODY_DEPTH + 1).map((levels) => Buffer.from(nested(levels))),
);

test('both read any body alike, of whatever content type', () => {
  assert.equal(MAX_BODY_DEPTH, MAX_INBOUND_JSON_DEPTH);
  fc.assert(
    fc.property(body, fc.constantFrom(...TYPES), (bytes, header) => {
      const type = mediaType(header);
      assert.equal(mediaTypeOf(header), type);
      const server = readBody(bytes, type, () => '{"headers":{}}');
      const sdk = readInboundBody(bytes, type, () => ({ headers: {} }));
      assert.equal(sdk.ok, server.ok);
      if (sdk.ok && server.ok) {
        assert.equal(JSON.stringify(sdk.data), JSON.stringify(server.data));
        assert.equal(JSON.stringify(sdk.json), JSON.stringify(server.json));
      }
    }),
    { numRuns: 500 },
  );
});
