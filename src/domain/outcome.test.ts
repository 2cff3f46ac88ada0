import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ResponseResult, TransportFailure } from './attempt-result.ts';
import { classify, FAILURE_REASONS } from './outcome.ts';

const TRANSPORT_FAILURES: readonly TransportFailure[] = [
  'timeout',
  'connect',
  'dns',
  'tls',
  'reset',
  'blocked',
  'response_too_large',
  'overloaded',
];

function response(status: number, headers: Record<string, string> = {}): ResponseResult {
  return { kind: 'response', status, headers, body: new Uint8Array(), durationMs: 12 };
}

test('the verdict on a try is delivered for 2xx and for nothing else', () => {
  for (let status = 100; status <= 599; status += 1) {
    const delivered = classify(response(status)).kind === 'delivered';
    assert.equal(delivered, status >= 200 && status <= 299, String(status));
  }
});

test('the verdict on a try disables the subscription on 410 and on nothing else', () => {
  for (let status = 100; status <= 599; status += 1) {
    assert.equal(classify(response(status)).kind === 'disable', status === 410, String(status));
  }
  assert.deepEqual(classify(response(410)), {
    kind: 'disable',
    reason: 'gone',
    detail: 'the receiver answered 410 Gone',
  });
});

test('a receiver that wants no other try of an event says so on any failure but 410', () => {
  for (let status = 300; status <= 599; status += 1) {
    const verdict = classify(response(status, { 'webhook-delivery': 'abort' }));
    assert.equal(verdict.kind, status === 410 ? 'disable' : 'abort', String(status));
  }
  assert.deepEqual(classify(response(503, { 'webhook-delivery': ' Abort ' })), {
    kind: 'abort',
    reason: 'aborted',
    detail: 'the receiver answered 503 Service Unavailable with "webhook-delivery: abort"',
    throttles: true,
  });
  assert.deepEqual(classify(response(200, { 'webhook-delivery': 'abort' })), { kind: 'delivered' });
});

test('a receiver that wants no more events says so on any answer, also on a success', () => {
  const headers = { 'webhook-delivery': 'abort, disable' };
  for (let status = 300; status <= 599; status += 1) {
    assert.equal(classify(response(status, headers)).kind, 'disable', String(status));
  }
  assert.deepEqual(classify(response(403, headers)), {
    kind: 'disable',
    reason: 'gone',
    detail: 'the receiver answered 403 Forbidden with "webhook-delivery: disable"',
  });
  assert.deepEqual(classify(response(202, headers)), {
    kind: 'delivered',
    disables: 'the receiver answered 202 Accepted with "webhook-delivery: disable"',
  });
});

test('a wish that is not understood changes nothing', () => {
  for (const wish of ['', 'retry', 'abortion', 'disabled', 'abort;now']) {
    const headers = { 'webhook-delivery': wish };
    for (const status of [200, 410, 500]) {
      assert.deepEqual(classify(response(status, headers)), classify(response(status)), wish);
    }
  }
});

test('the verdict on a try throttles the lane on 429, 502, 503, 504 and a timeout alone', () => {
  const throttling: number[] = [];
  for (let status = 100; status <= 599; status += 1) {
    const verdict = classify(response(status));
    if (verdict.kind === 'retry' && verdict.throttles) throttling.push(status);
  }
  assert.deepEqual(throttling, [429, 502, 503, 504]);
  for (const reason of TRANSPORT_FAILURES) {
    const verdict = classify({ kind: 'failure', reason, detail: 'why', durationMs: 1 });
    assert.deepEqual(verdict, {
      kind: 'retry',
      reason,
      detail: 'why',
      throttles: reason === 'timeout' || reason === 'overloaded',
    });
  }
});

test('the verdict on a try of a broker is delivered, or final where it will never take it', () => {
  assert.deepEqual(classify({ kind: 'taken', detail: 'confirmed', durationMs: 1 }), {
    kind: 'delivered',
  });
  const detail = 'unroutable: there is no queue';
  assert.deepEqual(classify({ kind: 'failure', reason: 'rejected', detail, durationMs: 1 }), {
    kind: 'abort',
    reason: 'rejected',
    detail,
    throttles: false,
  });
});

test('the verdict on a try calls every 3xx a redirect that is not followed', () => {
  for (let status = 300; status <= 399; status += 1) {
    const verdict = classify(response(status, { location: 'http://169.254.169.254/' }));
    assert.equal(verdict.kind === 'retry' && verdict.reason, 'redirect', String(status));
  }
  const moved = classify(response(308));
  assert.equal(
    moved.kind === 'retry' && moved.detail,
    'the receiver answered 308 Permanent Redirect, and redirects are never followed',
  );
});

test('the verdict on a try says what was answered, by name where the status has one', () => {
  const details = [403, 500, 599].map((status) => {
    const verdict = classify(response(status));
    return verdict.kind === 'retry' ? [verdict.reason, verdict.detail] : [];
  });
  assert.deepEqual(details, [
    ['status', 'the receiver answered 403 Forbidden'],
    ['status', 'the receiver answered 500 Internal Server Error'],
    ['status', 'the receiver answered 599'],
  ]);
});

test('the verdict on a try passes on Retry-After as received where there is another try', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), (status, value) => {
      const verdict = classify(response(status, { 'retry-after': value }));
      if (verdict.kind === 'retry') assert.equal(verdict.retryAfter, value);
      else assert.ok(!('retryAfter' in verdict));
      assert.ok(!('retryAfter' in classify(response(status))));
    }),
  );
});

test('the verdict on a try names only reasons that the closed list explains', () => {
  const listed = FAILURE_REASONS.map((entry) => entry.reason);
  assert.equal(new Set(listed).size, listed.length);
  for (const { meaning } of FAILURE_REASONS) assert.match(meaning, /^[A-Z].{20,90}\.$/);
  for (let status = 100; status <= 599; status += 1) {
    const verdict = classify(response(status));
    if (verdict.kind !== 'delivered') assert.ok(listed.includes(verdict.reason));
  }
  for (const reason of TRANSPORT_FAILURES) assert.ok(listed.includes(reason));
});
