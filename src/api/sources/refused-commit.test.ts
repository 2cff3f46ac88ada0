/** What a store that refuses means for a provider: no 2xx, and nothing claimed. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { createMemoryStorage } from '../../storage/memory/store.ts';
import { systemClock } from '../../runtime/system.ts';
import { FaultyJournal, KIND_FATE, type JournalFate } from '../../testing/faulty-journal.ts';
import { ProcessClock } from '../../testing/process-clock.ts';
import { openApiWorld } from '../testing/api-world.ts';

const SECRET = 'a-secret-that-github-knows';

async function start(t: TestContext) {
  const inner = createMemoryStorage();
  let fate: JournalFate = KIND_FATE;
  const journal = new FaultyJournal(inner.journal, new ProcessClock(systemClock), (operation) =>
    operation === 'commit' ? fate : KIND_FATE,
  );
  const world = await openApiWorld({}, { storage: { ...inner, journal } });
  t.after(() => world.close());
  const call = world.as('acme');
  const made = await call('POST /v1/sources', { json: { provider: 'github', secret: SECRET } });
  const body = '{"action":"opened"}';
  const mac = createHmac('sha256', SECRET).update(body).digest('hex');
  return {
    call,
    befall: (next: JournalFate) => {
      fate = next;
    },
    post: () =>
      fetch(String(made.json['url']), {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'issues',
          'x-github-delivery': 'one',
          'x-hub-signature-256': `sha256=${mac}`,
        },
      }),
    statuses: async () => {
      const { json } = await call('GET /v1/inbound-requests');
      return (json['data'] as { status: string }[]).map(({ status }) => status);
    },
  };
}

test('a full store is 503 and Retry-After; the provider’s next try is the event', async (t) => {
  const { post, befall, statuses } = await start(t);
  befall({ fault: 'before', failure: 'full' });
  const refused = await post();
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5']);
  befall(KIND_FATE);
  assert.equal((await post()).status, 200);
  assert.deepEqual(await statuses(), ['accepted', 'rejected']);
});

test('a commit whose answer got lost is 503, and the next try finds its event', async (t) => {
  const { post, befall, statuses, call } = await start(t);
  befall({ fault: 'after', failure: 'busy' });
  assert.equal((await post()).status, 503);
  befall(KIND_FATE);
  assert.equal((await post()).status, 200);
  const { json } = await call('GET /v1/events');
  assert.equal((json['data'] as object[]).length, 1);
  assert.ok((await statuses()).includes('duplicate'));
});
