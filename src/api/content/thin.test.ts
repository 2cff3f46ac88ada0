import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventId } from '../../domain/ids.ts';
import { parseMasterKeys } from '../../domain/master-keys.ts';
import { thinLinkExpiry, ThinLinks } from '../../domain/thin-link.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

const LINKS = new ThinLinks(parseMasterKeys(Buffer.alloc(32, 3).toString('base64')));
const DAY_MS = 86_400_000;

let world: ApiWorld;
before(async () => {
  world = await openApiWorld({ links: LINKS });
});
after(() => world.close());

/** An event that was delivered, and the link that a thin payload would carry. */
async function delivered(own?: string) {
  const call = world.as('thin');
  const target = { event_type: '**', target_url: 'https://example.com/', payload_format: 'thin' };
  await call('POST /v1/webhooks/subscriptions', { json: target });
  const { json } = await call('POST /v1/events', {
    body: `{"event_type":"a","id":${JSON.stringify(own)},"data":{"n":1.0, "s":"schön"}}`.replace(
      '"id":undefined,',
      '',
    ),
  });
  const job = await world.receiver.attemptOf(String(json['id']));
  const id = eventId(job.createdAt, job.sequence);
  const { expires, signature } = LINKS.sign(id, thinLinkExpiry(job.createdAt, job.startedAt));
  return { id, expires, signature, body: Buffer.from(job.body).toString() };
}

function get(id: string, expires: number | string, signature: string) {
  return world.anonymous(`GET /v1/thin/${id}?expires=${expires}&signature=${signature}`);
}

test('a link gives the stored envelope byte for byte, to anyone who holds it', async () => {
  for (const own of [undefined, 'my-own-id']) {
    const { id, expires, signature, body } = await delivered(own);
    const reply = await get(id, expires, signature);
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.text, body);
    assert.equal(reply.headers.get('content-type'), 'application/json');
    assert.equal(reply.headers.get('cache-control'), 'no-store');
  }
});

test('a link that was changed is refused, whatever was changed', async () => {
  const { id, expires, signature } = await delivered();
  const other = await delivered();
  const flipped = signature.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  const wrong: [string, number | string, string][] = [
    [other.id, expires, signature],
    [id, expires + 1, signature],
    [id, `+${expires}`, signature],
    [id, '1e9', signature],
    [id, expires, flipped],
    [id, expires, ''],
    ['my-own-id', expires, signature],
  ];
  for (const [event, until, mac] of wrong) {
    const reply = await get(event, until, mac);
    assert.deepEqual([reply.status, reply.json['code']], [403, 'link_not_valid']);
  }
  assert.equal((await world.anonymous(`GET /v1/thin/${id}`)).status, 422);
});

test('a link ends, and an event that is gone is not found', async () => {
  const { id, expires, signature } = await delivered();
  const gone = eventId(1_700_000_000_000, 999_999);
  const link = LINKS.sign(gone, expires);
  assert.equal((await get(gone, link.expires, link.signature)).json['code'], 'not_found');
  world.passTime(6 * DAY_MS);
  assert.equal((await get(id, expires, signature)).status, 200);
  world.passTime(9 * DAY_MS);
  const reply = await get(id, expires, signature);
  assert.deepEqual([reply.status, reply.json['code']], [410, 'link_expired']);
});
