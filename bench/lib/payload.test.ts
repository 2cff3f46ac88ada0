import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HttpParser } from './http-parser.ts';
import { BODY_BYTES, StampedRequest, eventTypeOf, readStamp } from './payload.ts';

function bodyOf(request: StampedRequest): Buffer {
  const bodies: Buffer[] = [];
  new HttpParser('request', (_head, body) => bodies.push(Buffer.from(body))).push(request.bytes);
  assert.equal(bodies.length, 1);
  return bodies[0] ?? Buffer.alloc(0);
}

describe('stamped request', () => {
  it('is one valid request with a JSON body of the stated size', () => {
    const request = new StampedRequest({ port: 1, path: '/v1/events', authorization: 'Bearer k' });
    request.stamp(42, 1_000_001.4, 7);
    assert.match(request.bytes.toString(), /^POST \/v1\/events HTTP\/1\.1\r\n/);
    assert.match(request.bytes.toString(), /\r\nauthorization: Bearer k\r\n/);
    const body = bodyOf(request);
    assert.equal(body.length, BODY_BYTES);
    const event: unknown = JSON.parse(body.toString());
    assert.ok(typeof event === 'object' && event !== null && 'event_type' in event);
    assert.equal(event.event_type, eventTypeOf(7));
  });

  it('carries sequence number and planned instant to the sink, also inside an envelope', () => {
    const request = new StampedRequest({ port: 1, path: '/', authorization: null });
    const seqs = fc.nat({ max: 9_999_999_999 });
    const micros = fc.nat({ max: 9_000_000_000_000_000 });
    fc.assert(
      fc.property(seqs, micros, fc.nat({ max: 999 }), (seq, plannedMicros, target) => {
        request.stamp(seq, plannedMicros, target);
        const body = bodyOf(request);
        assert.deepEqual(readStamp(body), { seq, plannedMicros });
        const enveloped = Buffer.concat([Buffer.from('{"webhook_id":"evt_1",'), body.subarray(1)]);
        assert.deepEqual(readStamp(enveloped), { seq, plannedMicros });
      }),
      { numRuns: 100 },
    );
  });

  it('reads nothing from foreign or damaged bodies', () => {
    assert.equal(readStamp(Buffer.from('{}')), undefined);
    assert.equal(readStamp(Buffer.from('{"seq":"00000x0001","at":"0000000000000001"}')), undefined);
    assert.equal(readStamp(Buffer.from('{"seq":"0000000001')), undefined);
  });
});
