/** Webhooks against the contract of destinations. */
import type { TestContext } from 'node:test';
import { setupEgress } from '../../egress/testing/setup.ts';
import { FakeReceiver } from '../../testing/fake-receiver.ts';
import { plainWebhook } from '../../testing/plain-webhook.ts';
import { startTcpProxy } from '../../testing/tcp-proxy.ts';
import { destinationContract } from '../contract/destination-contract.ts';
import type { DestinationWorld } from '../contract/harness.ts';

async function openWorld(t: TestContext): Promise<DestinationWorld> {
  const receiver = await FakeReceiver.start();
  const proxy = await startTcpProxy({ port: Number(new URL(receiver.url).port) });
  const destination = plainWebhook(setupEgress(t));
  t.after(async () => {
    await proxy.close();
    await receiver.close();
  });
  const url = `http://127.0.0.1:${proxy.port}/hook`;
  return {
    destination,
    proxy,
    where: { destination: { kind: 'webhook', url }, credentials: null },
    async received(count) {
      const requests = await receiver.waitFor(count);
      return requests.map(({ body, headers }) => ({ body, headers: textsOf(headers) }));
    },
    wrongCredentials: null,
    rejecting: null,
    poison: null,
  };
}

function textsOf(headers: object): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

destinationContract({ name: 'webhook', skip: undefined, open: openWorld });
