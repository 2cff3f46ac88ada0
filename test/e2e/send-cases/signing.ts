/** Cases 23 to 27: signatures, rotation, forbidden targets, and what is never shown. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { createReceiver } from '../../../sdk/receiver/index.ts';
import type { ReceivedRequest } from '../../../src/testing/fake-receiver.ts';
import type { Cases } from './case-world.ts';

export const SIGNING: Cases = {
  'case 23: signatures hold for the raw body alone, in time, with the right secret': async (
    tenant,
  ) => {
    const { secret } = await tenant.subscribe('hook');
    await tenant.publish({ data: { text: 'naïve ☕' } });
    const [request] = await tenant.arrive('hook', 1);
    assert.ok(request);
    assert.ok(verifies(String(secret), request));
    const mac = createHmac('sha256', String(secret)).update(request.body).digest('hex');
    assert.equal(request.headers['x-agent-signature'], mac);
    const receiver = createReceiver({ secret: String(secret), on: {} });
    const status = async (change: (headers: Headers) => void, body = request.body) => {
      const headers = new Headers(plain(request));
      change(headers);
      const sent = new Request('http://receiver.test/', { method: 'POST', headers, body });
      return (await receiver.fetch(sent)).status;
    };
    const forged = Array.from({ length: 200 }, () => `v1,${'A'.repeat(43)}=`).join(' ');
    assert.equal(await status(unsigned), 400);
    assert.notEqual(await status(stale), 200);
    for (const value of [forged, '', 'v1,', 'v2,abc']) {
      const wrong = (headers: Headers): void => {
        unsigned(headers);
        headers.set('webhook-signature', value);
      };
      assert.notEqual(await status(wrong), 200, value);
    }
    const tampered = Buffer.from(request.body.toString().replace('naïve', 'naive'));
    assert.equal(await status(() => undefined, tampered), 403);
    assert.equal(await status(() => undefined), 200);
  },

  'case 24: while a rotation overlaps both secrets verify; then the old one does not': async (
    tenant,
  ) => {
    const { id, secret: old } = await tenant.subscribe('hook');
    const { secret: next } = await tenant.act(id, 'rotate-secret', { overlap_seconds: 3_600 });
    await tenant.publish();
    const [both] = await tenant.arrive('hook', 1);
    assert.ok(both && verifies(String(old), both) && verifies(String(next), both));
    const { secret: last } = await tenant.act(id, 'rotate-secret', { overlap_seconds: 0 });
    await tenant.publish();
    const [, alone] = await tenant.arrive('hook', 2);
    assert.ok(alone && verifies(String(last), alone));
    assert.equal(verifies(String(next), alone), false);
    for (let count = 0; count < 12; count += 1) {
      const path = `/v1/webhooks/subscriptions/${id}/rotate-secret`;
      const reply = await tenant.ask(path, { body: { overlap_seconds: 3_600 } });
      if (reply.status !== 200) {
        assert.equal(reply.status, 409, reply.text);
        return;
      }
    }
    assert.fail('more than ten secrets were live at once');
  },

  'case 25: private, literal and odd targets are refused': async (tenant) => {
    const refused = [
      'http://10.0.0.1/hook',
      'https://10.0.0.1/hook',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/hook',
      'https://[::ffff:10.0.0.1]/',
      'https://0xa.1/',
      'https://metadata.google.internal/',
      'https://user:pass@example.com/',
      'ftp://example.com/',
    ];
    for (const target_url of refused) {
      const body = { event_type: 'a.b', target_url };
      const reply = await tenant.ask('/v1/webhooks/subscriptions', { body });
      assert.equal(reply.status, 422, `${target_url}: ${reply.text}`);
    }
  },

  'case 26: no reading route shows a secret': async (tenant, { world: { server } }) => {
    const { id, secret } = await tenant.subscribe('hook', {
      headers: { authorization: 'Bearer canary-credential' },
    });
    await tenant.publish();
    await tenant.arrive('hook', 1);
    const paths = ['', `/${id}`, `/${id}/health`].map((end) => `/v1/webhooks/subscriptions${end}`);
    for (const path of [...paths, '/v1/events', '/v1/deliveries', '/metrics', '/readyz']) {
      const { text } = await tenant.ask(path);
      assert.equal(text.includes(String(secret)), false, path);
      assert.equal(text.includes('canary-credential'), false, path);
    }
    const output = server.output();
    assert.equal(output.includes(String(secret)), false);
    assert.equal(output.includes('canary-credential'), false);
  },

  'case 27: the headers of an answer are kept without credentials, and bounded': async (tenant) => {
    const headers = { 'set-cookie': 'session=canary', 'x-big': 'y'.repeat(8_000), 'x-ok': 'yes' };
    tenant.answer('hook', { status: 500, headers });
    await tenant.subscribe('hook', { retry_schedule: [] });
    const delivery = await tenant.deliveryWhen(await tenant.publish(), 'exhausted');
    const [attempt] = await tenant.attempts(delivery);
    const kept = JSON.stringify(attempt?.['response_headers']);
    assert.equal(kept.includes('canary'), false, kept);
    assert.ok(kept.includes('"x-ok":"yes"'), kept);
    assert.ok(kept.length < 16_384);
  },
};

/** With the library of the Standard Webhooks project. */
function verifies(secret: string, request: ReceivedRequest): boolean {
  try {
    new Webhook(secret).verify(request.body, plain(request));
    return true;
  } catch {
    return false;
  }
}

function plain({ headers }: ReceivedRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function unsigned(headers: Headers): void {
  headers.delete('webhook-signature');
  headers.delete('x-agent-signature');
}

function stale(headers: Headers): void {
  headers.set('webhook-timestamp', String(Number(headers.get('webhook-timestamp')) - 3_600));
  headers.delete('x-agent-signature');
}
