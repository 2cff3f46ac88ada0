import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { SignedRequest } from './signed-request.ts';

const OPTIONS = { port: 1, path: '/in/token', authorization: null };

function sent(request: SignedRequest, seq: number): string {
  request.stamp(seq);
  return request.bytes.toString('latin1');
}

test('each event has an id and a signature of its own, and the signature fits', () => {
  const request = new SignedRequest(OPTIONS, { secret: 'secret', copies: 1 });
  for (const seq of [0, 7, 1_234_567_890]) {
    const text = sent(request, seq);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.ok(head.startsWith('POST /in/token HTTP/1.1\r\n'));
    assert.equal(Number(/x-github-delivery: (\d{10})/.exec(head)?.[1]), seq);
    assert.equal(Number(/"seq":"(\d{10})"/.exec(body)?.[1]), seq);
    const mac = createHmac('sha256', 'secret').update(body).digest('hex');
    assert.ok(head.includes(`x-hub-signature-256: sha256=${mac}`));
  }
});

test('copies in a row are the same bytes', () => {
  const request = new SignedRequest(OPTIONS, { secret: 'secret', copies: 2 });
  assert.equal(sent(request, 4), sent(request, 5));
  assert.notEqual(sent(request, 5), sent(request, 6));
});
