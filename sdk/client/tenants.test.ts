import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bellwire } from './bellwire.ts';
import { BellwireError } from './error.ts';
import { fakeApi } from './fake-api.ts';
import { ndjson } from './ndjson.ts';

const PROBLEM = {
  type: '/errors/unavailable',
  title: 'Bellwire can not take this at the moment',
  status: 503,
  detail: 'The server is shutting down.',
  code: 'unavailable',
  next_step: 'Try again.',
};
const SUMMARY = { type: 'summary', subscriptions: 0, api_keys: 0, events: 1, deliveries: 0 };

/** What the loop over an export of these lines sees, and the error it ends with. */
async function exported(lines: readonly object[], cursor?: string) {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const api = await fakeApi(() => ({ text }));
  const seen: string[] = [];
  try {
    const bellwire = new Bellwire({ baseUrl: api.baseUrl, apiKey: 'bw_admin' });
    for await (const line of bellwire.tenants.export('acme', cursor)) seen.push(line.type);
    return { seen, error: undefined, url: api.asked[0]?.url };
  } catch (error) {
    assert.ok(error instanceof BellwireError);
    return { seen, error, url: api.asked[0]?.url };
  } finally {
    await api.close();
  }
}

test('an export is a loop over its lines', async () => {
  const lines = [{ type: 'tenant', name: 'acme' }, { type: 'event', id: 'e' }, SUMMARY];
  const { seen, error, url } = await exported(lines);
  assert.deepEqual([seen, error], [['tenant', 'event', 'summary'], undefined]);
  assert.equal(url, '/v1/tenants/acme/export');
  assert.equal((await exported(lines, 'c 1')).url, '/v1/tenants/acme/export?cursor=c+1');
});

test('an export that broke off ends in an error, behind what had arrived', async () => {
  const cursor = { type: 'cursor', cursor: 'c' };
  const told = await exported([cursor, { type: 'error', error: PROBLEM, cursor: 'c' }]);
  assert.deepEqual(
    [told.seen, told.error?.code, told.error?.status],
    [['cursor'], 'unavailable', 503],
  );
  const cut = await exported([cursor]);
  assert.deepEqual([cut.seen, cut.error?.code], [['cursor'], 'unexpected_response']);
  const nothing = await exported([]);
  assert.equal(nothing.error?.code, 'unexpected_response');
});

test('an export that is refused is an error like any other', async () => {
  const api = await fakeApi(() => ({ status: 404, json: { ...PROBLEM, code: 'not_found' } }));
  const bellwire = new Bellwire({ baseUrl: api.baseUrl, apiKey: 'bw_admin' });
  const lines = bellwire.tenants.export('nobody');
  await assert.rejects(lines.next(), (error) => {
    assert.ok(error instanceof BellwireError);
    return error.status === 404 && error.code === 'not_found';
  });
  await api.close();
});

test('lines are found wherever the chunks are cut, within a character too', async () => {
  const bytes = new TextEncoder().encode('{"a":"감"}\n\n{"b":2}\n{"c":3}');
  for (let size = 1; size <= bytes.length; size += 1) {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
    const found: unknown[] = [];
    for await (const value of ndjson(ReadableStream.from(parts))) found.push(value);
    assert.deepEqual(found, [{ a: '감' }, { b: 2 }, { c: 3 }], `chunks of ${size}`);
  }
  for await (const value of ndjson(null)) assert.fail(String(value));
});

test('who leaves the loop early reads no further', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('{"a":1}\n')),
    cancel() {
      cancelled = true;
    },
  });
  for await (const value of ndjson(body)) {
    assert.deepEqual(value, { a: 1 });
    break;
  }
  assert.equal(cancelled, true);
});
