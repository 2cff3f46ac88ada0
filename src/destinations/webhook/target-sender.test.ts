/** A subscription with a client certificate against a server that asks for one. */
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import { eventId } from '../../domain/ids.ts';
import { liveSecret, type Subscription } from '../../domain/subscription.ts';
import { createAuthority } from '../../egress/testing/certificates.ts';
import { startServer } from '../../egress/testing/servers.ts';
import { fakeResolver, setupEgress, summary } from '../../egress/testing/setup.ts';
import { plainWebhook } from '../../testing/plain-webhook.ts';
import { START_AT, webhookSettings } from '../../testing/simulated-world.ts';

const NAME = 'hooks.example.com';

test('a client certificate is shown, over connections of its own', async (t) => {
  const authority = createAuthority();
  const clients = createAuthority();
  const names: string[] = [];
  const options = { ...authority.issue([NAME]), ca: clients.cert, requestCert: true };
  const server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    assert.ok(request.socket instanceof TLSSocket);
    names.push(String(request.socket.getPeerCertificate().subject?.CN ?? 'nobody'));
    response.end();
  });
  const running = await startServer(t, server);
  const resolver = fakeResolver({ [NAME]: [['127.0.0.1']] });
  const destination = plainWebhook(setupEgress(t, { resolver }));
  const attempt = (subscription: Subscription) =>
    new Promise<AttemptResult>((resolve) => {
      const place = { sequence: 7, createdAt: START_AT, eventId: eventId(START_AT, 7) };
      const body = Buffer.from('{}');
      const job = {
        ...place,
        eventType: 'a.b',
        orderingKey: null,
        subscription,
        body,
        attemptNumber: 1,
        startedAt: START_AT,
      };
      destination.attempt(job, resolve);
    });
  const { cert, key } = clients.issue(['billing.acme.test']);
  const clientCertificate = { certificate: cert, privateKey: key, ca: authority.cert };
  const subscription: Subscription = {
    ...webhookSettings({ url: `https://${NAME}:${running.port}/` }),
    clientCertificate,
    number: 3,
    id: 'sub_3',
    tenant: 12,
    status: 'active',
    disabledReason: null,
    failingSince: null,
    createdAt: START_AT,
    updatedAt: START_AT,
    secrets: [liveSecret('the secret of this test')],
  };
  assert.equal(summary(await attempt(subscription)), 'response 200');
  assert.equal(summary(await attempt({ ...subscription, name: 'renamed' })), 'response 200');
  assert.deepEqual(names, ['billing.acme.test', 'billing.acme.test']);
  assert.equal(running.connections, 1, 'the second went over the connection of the first');
  const without = await attempt({ ...subscription, clientCertificate: null });
  assert.match(summary(without), /^tls: /, 'its authority is trusted beside its certificate alone');
  assert.equal(names.length, 2);
});
