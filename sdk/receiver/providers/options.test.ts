import assert from 'node:assert/strict';
import { test } from 'node:test';
import { githubRequest, PROVIDER_SECRET } from '../../contract/provider-requests.ts';
import { json, providerSetup } from '../../contract/provider-setup.ts';
import { signedEvent, TEST_SECRET } from '../../contract/signed-request.ts';
import type { ReceiverOptions } from '../receiver.ts';

test('a scheme of your own, in the language of the server', async () => {
  const scheme = {
    kind: 'hmac',
    hash: 'sha256',
    content: '{body}',
    signature: { header: 'x-hub-signature-256', prefix: 'sha256=', encoding: 'hex' },
  };
  const { events, send } = providerSetup({ scheme });
  assert.equal((await send(githubRequest('push', 'd-1', '{}'))).status, 200);
  assert.equal(events[0]?.event_type, 'custom.event');
  const typed = providerSetup({ scheme, config: { event_type: 'acme.other' } });
  await typed.send(githubRequest('push', 'd-1', '{}'));
  assert.equal(typed.events[0]?.event_type, 'acme.other');
  const named = { provider: 'custom', config: { scheme, event_type: 'acme.happened' } };
  const own = providerSetup({ scheme: named });
  await own.send(githubRequest('push', 'd-1', '{}'));
  assert.equal(own.events[0]?.event_type, 'acme.happened');
});

test('several at one URL, each with its secret, beside Bellwire’s own signatures', async () => {
  const { events, send } = providerSetup({
    secret: TEST_SECRET,
    schemes: [
      'standard',
      { provider: 'github', secret: PROVIDER_SECRET },
      { provider: 'gitlab-token', secret: 'another-token-of-mine' },
    ],
  });
  const gitlab = { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': 'another-token-of-mine' };
  assert.equal((await send(githubRequest('push', 'd-1', '{}'))).status, 200);
  assert.equal((await send(json('{}', gitlab))).status, 200);
  assert.equal((await send(signedEvent('evt_1'))).status, 200);
  const stolen = { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': PROVIDER_SECRET };
  assert.equal((await send(json('{}', stolen))).status, 401);
  const unsigned = await send(json('{}'));
  assert.deepEqual([unsigned.status, JSON.parse(unsigned.body).reason], [400, 'not_verified']);
  assert.deepEqual(
    events.map(({ event_type }) => event_type),
    ['github.push', 'gitlab-token.Push_Hook', 'task.completed'],
  );
});

test('mistakes are told at once', () => {
  const wrong: readonly [ReceiverOptions, RegExp][] = [
    [{ scheme: 'gihub' }, /no provider "gihub".*/],
    [{ scheme: 'githup' }, /did you mean github\b/],
    [{ scheme: 'github', secrets: [] }, /secret/i],
    [{ scheme: 'github', schemes: ['stripe'] }, /either `scheme` or `schemes`/],
    [{ scheme: 'github', config: { evnt_type: 'x' } }, /config\.evnt_type is no setting of GitHub/],
    [{ scheme: 'github', config: { event_type_from: 'nowhere' } }, /no place in a request/],
    [{ scheme: 'slack', config: { tolerance_seconds: 0 } }, /tolerance_seconds must be 1/],
    [{ scheme: 'none', secrets: [] }, /allowUnsigned: true/],
    [{ scheme: { provider: 'custom' } }, /config\.scheme/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => providerSetup(options),
      { name: 'TypeError', message },
      JSON.stringify(options),
    );
  }
});
