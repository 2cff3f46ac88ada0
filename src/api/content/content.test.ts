import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call, Reply } from '../testing/caller.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

const BASE = '/v1/webhooks/subscriptions';
const TARGET = { event_type: '**', target_url: 'https://example.com/hook' };

function subscribe(call: Call, settings: object): Promise<Reply> {
  return call(`POST ${BASE}`, { json: { ...TARGET, ...settings } });
}

/** Each part that a problem names, as `pointer code detail`. */
function parts(reply: Reply): string[] {
  assert.equal(reply.status, 422, reply.text);
  const errors = reply.json['errors'] as { pointer: string; code: string; detail: string }[];
  return errors.map(({ pointer, code, detail }) => `${pointer} ${code} ${detail}`);
}

test('filter, transform and format are kept, shown, changed and taken back', async () => {
  const call = world.as('content-crud');
  const content = {
    filter: JSON.parse('{"data":{"amount":{"$gte":100},"__proto__":{"a":1}}}') as object,
    transform: '{"text": "Task " & task_id}',
    payload_format: 'cloudevents',
  };
  const created = await subscribe(call, content);
  assert.equal(created.status, 201, created.text);
  const route = `${BASE}/${String(created.json['id'])}`;
  const shown = async (): Promise<string> => {
    const { json } = await call(`GET ${route}`);
    return JSON.stringify([json['filter'], json['transform'], json['payload_format']]);
  };
  assert.equal(await shown(), JSON.stringify(Object.values(content)));
  const changes = { transform: null, payload_format: 'thin' };
  assert.equal((await call(`PATCH ${route}`, { json: changes })).status, 200);
  assert.equal(await shown(), JSON.stringify([content.filter, null, 'thin']));
  assert.equal((await call(`PATCH ${route}`, { json: { filter: null } })).status, 200);
  assert.equal(await shown(), '[null,null,"thin"]');
  const plain = await subscribe(call, {});
  const { filter, transform, payload_format: format } = plain.json;
  assert.deepEqual([filter, transform, format], [null, null, 'bellwire']);
});

test('a filter that does not compile is refused with the place of each mistake', async () => {
  const call = world.as('content-filter');
  const filter = { amount: 1, data: { 'a/b': { $regex: 'x' }, c: { $in: 'KR' } } };
  const found = parts(await subscribe(call, { filter }));
  assert.equal(found.length, 3);
  assert.match(found[0] ?? '', /^\/filter\/amount invalid_filter is no member of an event; known/);
  assert.match(found[1] ?? '', /^\/filter\/data\/a~1b\/\$regex invalid_filter is not an operator/);
  assert.match(found[2] ?? '', /^\/filter\/data\/c\/\$in invalid_filter must be a list of values/);
  const { json } = await subscribe(call, {});
  const route = `PATCH ${BASE}/${String(json['id'])}`;
  for (const wrong of ['x', 7, [], true]) {
    const [part] = parts(await call(route, { json: { filter: wrong } }));
    assert.match(part ?? '', /^\/filter invalid_filter must be an object/);
  }
});

test('a transform that does not compile is refused with its line and column', async () => {
  const call = world.as('content-transform');
  const { json } = await subscribe(call, {});
  const route = `PATCH ${BASE}/${String(json['id'])}`;
  const table: [transform: string, part: RegExp, position: object | undefined][] = [
    [
      'data.\n  {"a": }',
      /^\/transform invalid_transform at line 2, column 10: The symbol/,
      { offset: 15, line: 2, column: 10 },
    ],
    [
      '$random()',
      /^\/transform invalid_transform at line 1, column 8: \$random may not/,
      { offset: 7, line: 1, column: 8 },
    ],
    ['', /^\/transform too_small/, undefined],
    ['x'.repeat(8_193), /^\/transform too_big/, undefined],
  ];
  for (const [transform, part, position] of table) {
    for (const reply of [
      await subscribe(call, { transform }),
      await call(route, { json: { transform } }),
    ]) {
      assert.match(parts(reply)[0] ?? '', part);
      const [error] = reply.json['errors'] as { position?: object }[];
      assert.deepEqual(error?.position, position);
    }
  }
});

test('a thin payload can not be transformed', async () => {
  const call = world.as('content-thin');
  const both = { payload_format: 'thin', transform: '$' };
  const [part] = parts(await subscribe(call, both));
  assert.match(part ?? '', /^\/transform conflicting_field a thin payload holds nothing/);
  const { json } = await subscribe(call, { transform: '$' });
  const changed = await call(`PATCH ${BASE}/${String(json['id'])}`, {
    json: { payload_format: 'thin' },
  });
  assert.match(parts(changed)[0] ?? '', /^\/payload_format conflicting_field/);
});

test('only matching deliveries exist, and an event that matches nothing is stored', async () => {
  const call = world.as('content-routing');
  const ids = await Promise.all(
    [{ data: { amount: { $gte: 100 } } }, { metadata: { region: 'eu' } }, null].map(
      async (filter) => String((await subscribe(call, { filter })).json['id']),
    ),
  );
  const publish = async (event: object): Promise<string[]> => {
    const { json } = await call('POST /v1/events', { json: { event_type: 'a', ...event } });
    const listed = await call(`GET /v1/events/${String(json['id'])}/deliveries`);
    const deliveries = listed.json['data'] as { subscription_id: string }[];
    assert.equal(json['deliveries'], deliveries.length);
    return deliveries.map(({ subscription_id: id }) => id);
  };
  assert.deepEqual(await publish({ data: { amount: 100 } }), [ids[0], ids[2]]);
  assert.deepEqual(await publish({ metadata: { region: 'eu' } }), [ids[1], ids[2]]);
  assert.deepEqual(await publish({ data: { amount: '100' } }), [ids[2]]);
  await call(`DELETE ${BASE}/${String(ids[2])}`);
  assert.deepEqual(await publish({ data: [] }), []);
  const batch = await call('POST /v1/events/batch', {
    json: [1, 100].map((amount) => ({ event_type: 'a', data: { amount } })),
  });
  const items = batch.json['data'] as { deliveries: number }[];
  assert.deepEqual(
    items.map(({ deliveries }) => deliveries),
    [0, 1],
  );
});

test('a filter is tried on an event, and says which condition fails', async () => {
  const call = world.as('content-try');
  const event = { event_type: 'task.completed', status: 'ok', data: { amount: 50 } };
  const tryOut = async (filter: unknown) =>
    (await call('POST /v1/filters/test', { json: { filter, event } })).json;
  assert.deepEqual(await tryOut({ data: { amount: { $lt: 100 } } }), {
    matches: true,
    pointer: null,
    reason: null,
  });
  assert.deepEqual(await tryOut({ status: 'ok', data: { amount: { $gte: 100 } } }), {
    matches: false,
    pointer: '/data/amount/$gte',
    reason: 'the value is 50, and $gte asks for 100',
  });
  const wrong = await call('POST /v1/filters/test', { json: { filter: { a: 1 }, event: {} } });
  assert.deepEqual(
    parts(wrong).map((part) => part.split(' ')[0]),
    ['/filter/a', '/event/event_type'],
  );
});

test('a transform is tried on an event, under the limits of deliveries', async () => {
  const call = world.as('content-try');
  const event = {
    event_type: 'task.completed',
    id: 'my-own',
    occurred_at: '2026-04-09T14:00:00+02:00',
    data: { amount: 50, card: '4711' },
  };
  const tryOut = (transform: string) =>
    call('POST /v1/transforms/test', { json: { transform, event } });
  const done = await tryOut('{"id": webhook_id, "double": data.amount * 2, "at": $now()}');
  assert.equal(done.status, 200);
  assert.equal(
    done.text,
    '{"output":{"id":"my-own","double":100,"at":"2026-04-09T12:00:00.000Z"}}',
  );
  // Whoever brings the event along may see its values.
  const [failed] = parts(await tryOut('$number(data.card & "x")'));
  assert.match(failed ?? '', /invalid_transform at line 1, column 9: Unable to cast .*4711x/);
  const [endless] = parts(await tryOut('($f := function($n){$f($n+1)}; $f(1))'));
  assert.equal(endless, '/transform transform_limit it took longer than 500 ms');
  assert.equal((await tryOut('data.amount')).text, '{"output":50}');
});

test('whoever may not write subscriptions may not try them either', async () => {
  const call = await world.withScopes('content-scope', ['events:write', 'subscriptions:read']);
  for (const route of ['POST /v1/filters/test', 'POST /v1/transforms/test']) {
    assert.equal((await call(route, { json: {} })).json['code'], 'missing_scope');
  }
});
