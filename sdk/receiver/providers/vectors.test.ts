/** Every known answer of the catalogue is believed by a receiver, and none that was changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProvider } from '../../../src/protocol/providers/catalogue.ts';
import { DERIVED_VECTORS } from '../../../src/protocol/providers/derived.vectors.ts';
import { PUBLISHED_VECTORS } from '../../../src/protocol/providers/published.vectors.ts';
import type { ProviderVector } from '../../../src/protocol/providers/vector.vectors.ts';
import { createReceiver } from '../receiver.ts';

/** Published bodies that show a signature and are not what the provider sends. */
const BELIEVED_BUT_UNREADABLE = ['malformed_body', 'method_not_allowed'];
/** Its signatures do not cover the body byte for byte. */
const BODY_FREE = 'adyen-payments';

/** `event`, `handshake`, or why it was refused. */
async function outcomeOf(vector: ProviderVector, body: string): Promise<string> {
  const { provider, secret, headers, method, url } = vector;
  const { bodyTypes = [], settings = [] } = findProvider(provider) ?? {};
  const [type = ''] = bodyTypes;
  const outcome: string[] = [];
  const receiver = createReceiver({
    scheme: provider,
    secret,
    config: Object.fromEntries(
      settings.filter(({ required }) => required).map(({ name }) => [name, 'a setting']),
    ),
    clock: { now: () => vector.now * 1_000, setTimer: () => ({ cancel() {} }) },
    queue: { push: async ({ event_type }) => void outcome.push(event_type) },
    logger: {
      warn: ({ reason }) => outcome.push(typeof reason === 'string' ? reason : 'not_verified'),
    },
    fetch: () => Promise.reject(new Error('No key is fetched here')),
  });
  const reply = await receiver.handle({
    method,
    url,
    headers: { 'content-type': type === '*' ? 'application/json' : type, ...headers },
    readBody: async () => new TextEncoder().encode(body),
  });
  const [first = 'handshake'] = outcome;
  const isRefused = /^[a-z_]+$/.test(first) && first !== 'handshake';
  assert.equal(reply.status >= 300, isRefused, first);
  return first;
}

for (const [index, vector] of [...PUBLISHED_VECTORS, ...DERIVED_VECTORS].entries()) {
  const title = `${vector.provider} (${vector.origin}, ${index + 1})`;
  test(`${title} is believed`, async () => {
    const outcome = await outcomeOf(vector, vector.body);
    const isBelieved = outcome.startsWith(`${vector.provider.replaceAll('.', '_')}.`);
    assert.ok(
      isBelieved || outcome === 'handshake' || BELIEVED_BUT_UNREADABLE.includes(outcome),
      outcome,
    );
  });

  if (vector.provider === BODY_FREE) continue;
  test(`${title} is refused with another body`, async () => {
    const outcome = await outcomeOf(vector, `${vector.body} `);
    assert.ok(outcome === 'not_verified' || BELIEVED_BUT_UNREADABLE.includes(outcome), outcome);
  });
}
