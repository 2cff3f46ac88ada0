/**
 * What every adapter must carry for providers: the method, and the URL that some of them sign. Run
 * over real HTTP, mounted for all methods.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReceiver } from '../receiver/receiver.ts';
import type { Receiver } from '../receiver/receiver.ts';
import { crcAnswer, githubRequest, PROVIDER_SECRET, twilioRequest } from './provider-requests.ts';
import type { ProviderRequest } from './provider-requests.ts';

export interface MountedForAll {
  /** Of the receiver, without a query. */
  readonly url: string;
  readonly close: () => Promise<void>;
  /** Default: over real HTTP. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export interface ProviderHarness {
  readonly name: string;
  mount(receiver: Receiver): Promise<MountedForAll>;
}

type Send = (query: string, request: ProviderRequest) => Promise<Response>;

interface Case {
  readonly says: string;
  readonly scheme: string;
  readonly run: (send: Send, url: string, handled: readonly string[]) => Promise<void>;
}

const CASES: readonly Case[] = [
  {
    says: 'a provider’s event is answered 200 and handled',
    scheme: 'github',
    async run(send, _url, handled) {
      assert.equal((await send('', githubRequest('push', 'd-1', '{"ref":"main"}'))).status, 200);
      const forged = { ...githubRequest('push', 'd-2', '{"ref":"main"}') };
      const body = new TextEncoder().encode('{"ref":"evil"}');
      assert.equal((await send('', { ...forged, body })).status, 401);
      assert.deepEqual(handled, ['github.push']);
    },
  },
  {
    says: 'a signature over the whole URL is verified with the query as it came',
    scheme: 'twilio',
    async run(send, url, handled) {
      const query = '?account=a%20b&x=';
      const request = twilioRequest(url + query, { MessageSid: 'SM1', MessageStatus: 'sent' });
      assert.equal((await send(query, request)).status, 200);
      assert.equal((await send('?account=other', request)).status, 401);
      assert.deepEqual(handled.length, 1);
    },
  },
  {
    says: 'a question by GET is answered, and any other GET is refused',
    scheme: 'x-twitter',
    async run(send, _url, handled) {
      const question = { method: 'GET', headers: {}, body: new Uint8Array(0) };
      const reply = await send('?crc_token=abc-123', question);
      assert.deepEqual(await reply.json(), { response_token: crcAnswer('abc-123') });
      assert.equal((await send('', question)).status, 405);
      assert.deepEqual(handled, []);
    },
  },
];

/** Registers the suite for one adapter. */
export function providerContract(harness: ProviderHarness): void {
  for (const { says, scheme, run } of CASES) {
    test(`${harness.name}: ${says}`, async () => {
      const handled: string[] = [];
      const receiver = createReceiver({
        scheme,
        secret: PROVIDER_SECRET,
        on: { '**': (event) => handled.push(event.event_type) },
      });
      const { url, close, fetch: ask = fetch } = await harness.mount(receiver);
      const send: Send = async (query, { method = 'POST', headers, body }) => {
        const init = { method, headers, ...(method === 'POST' && { body }) };
        const response = await ask(new Request(url + query, init));
        await receiver.drain();
        return response;
      };
      try {
        await run(send, url, handled);
      } finally {
        await close();
      }
    });
  }
}
