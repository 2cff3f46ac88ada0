import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { targetOf } from '../../domain/destination.ts';
import type { ChallengeOutcome } from '../../domain/challenge.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { StorageError } from '../../storage/storage.ts';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';
import type { Call } from '../testing/caller.ts';
import { Verification } from './verification.ts';

const PATH = '/v1/webhooks/subscriptions';
const LEAST = { event_type: 'task.completed', target_url: 'https://example.com/hook' };
const YES: ChallengeOutcome = { ok: true, method: 'echo', origin: null };
const NO: ChallengeOutcome = { ok: false, method: 'echo', failure: 'the target answered 404' };

let world: ApiWorld;
/** What the targets answer, by host; those without an entry say no. */
const answers = new Map<string, ChallengeOutcome>();
const asked: Subscription[] = [];
/** Targets do not answer before this. */
let gate: Promise<unknown> = Promise.resolve();
before(async () => {
  world = await openApiWorld({
    async challenge(subscription) {
      asked.push(subscription);
      await gate;
      return answers.get(new URL(targetOf(subscription.destination)).host) ?? NO;
    },
  });
  answers.set('yes.example.com', YES);
});
after(() => world.close());

const YES_URL = 'https://yes.example.com/hook';

async function created(call: Call, wish: object = {}) {
  const reply = await call(`POST ${PATH}`, { json: { ...LEAST, ...wish } });
  assert.equal(reply.status, 201, reply.text);
  const path = `${PATH}/${String(reply.json['id'])}`;
  const change = (json: object) => call(`PATCH ${path}`, { json });
  const act = (action: string) => call(`POST ${path}/${action}`);
  return { path, json: reply.json, change, act };
}

async function publish(call: Call): Promise<string> {
  const { json } = await call('POST /v1/events', { json: { event_type: 'task.completed' } });
  return String(json['id']);
}

async function heldOf(call: Call, event: string): Promise<unknown> {
  const { json } = await call(`GET /v1/events/${event}`);
  return (json['deliveries'] as Record<string, number>)['held'];
}

/** From here on all targets of the tenant have to be asked. */
async function makeStrict(name: string): Promise<Call> {
  const call = world.as(name);
  await call(`GET ${PATH}`);
  const reply = await call(`PATCH /v1/tenants/${name}`, { json: { require_challenge: true } });
  assert.equal(reply.status, 200, reply.text);
  return call;
}

test('without a wish nobody is asked', async () => {
  const seen = asked.length;
  const { json, act } = await created(world.as('plain'));
  assert.deepEqual([json['status'], json['challenge']], ['active', null]);
  assert.equal((await act('verify')).json['status'], 'active');
  assert.equal(asked.length, seen);
});

test('a target that says yes in time is active from the start', async () => {
  const { json } = await created(world.as('yes'), { challenge: true, target_url: YES_URL });
  assert.equal(json['status'], 'active');
  const { method, passed_at: passedAt, failure } = json['challenge'] as Record<string, unknown>;
  assert.deepEqual([method, failure], ['echo', null]);
  assert.ok(Math.abs(Date.parse(String(passedAt)) - world.deps.clock.now()) < 5_000);
});

test('until it has said yes its events are held; then they go', async () => {
  const call = world.as('later');
  const { path, json, act } = await created(call, {
    challenge: true,
    target_url: 'https://later.example.com/',
  });
  assert.equal(json['status'], 'pending_challenge');
  assert.match(String(json['secret']), /^whsec_/, 'the secret is shown all the same');
  const event = await publish(call);
  assert.equal(await heldOf(call, event), 1);
  const still = await act('verify');
  assert.equal(still.status, 200);
  assert.equal(still.json['status'], 'pending_challenge');
  const { failure, passed_at: passedAt } = still.json['challenge'] as Record<string, unknown>;
  assert.deepEqual([failure, passedAt], ['the target answered 404', null]);
  assert.deepEqual((await call(`GET ${path}`)).json['challenge'], still.json['challenge']);
  answers.set('later.example.com', YES);
  assert.equal((await act('verify')).json['status'], 'active');
  assert.equal((await world.receiver.attemptOf(event)).attemptNumber, 1);
});

test('a tenant can require it, and nobody in it can do without', async () => {
  const call = await makeStrict('required');
  const { json, change } = await created(call);
  assert.equal(json['status'], 'pending_challenge');
  for (const reply of [
    await call(`POST ${PATH}`, { json: { ...LEAST, challenge: false } }),
    await change({ challenge: false }),
  ]) {
    assert.equal(reply.status, 422);
    const [error] = reply.json['errors'] as Record<string, string>[];
    assert.deepEqual([error?.['pointer'], error?.['code']], ['/challenge', 'challenge_required']);
  }
});

test('a new target is asked anew; other changes ask nobody', async () => {
  const { change } = await created(world.as('moves'), { challenge: true, target_url: YES_URL });
  const seen = asked.length;
  assert.equal((await change({ name: 'renamed' })).json['status'], 'active');
  assert.equal((await change({ target_url: YES_URL })).json['status'], 'active');
  assert.equal(asked.length, seen);
  const moved = await change({ target_url: 'https://no.example.com/' });
  assert.equal(moved.json['status'], 'pending_challenge');
  const back = await change({ destination: { kind: 'webhook', url: YES_URL } });
  assert.equal(back.json['status'], 'active');
  assert.deepEqual(
    asked.slice(seen).map(({ destination }) => targetOf(destination)),
    ['https://no.example.com/', YES_URL],
  );
});

test('who was there before it was required is asked with the next target', async () => {
  const { change } = await created(world.as('veteran'));
  await makeStrict('veteran');
  assert.equal((await change({ name: 'renamed' })).json['status'], 'active');
  const moved = await change({ target_url: 'https://no.example.com/' });
  assert.equal(moved.json['status'], 'pending_challenge');
});

test('a challenge can be wished for later, and given up', async () => {
  const call = world.as('wish');
  const { change } = await created(call);
  assert.equal((await change({ challenge: true })).json['status'], 'pending_challenge');
  const event = await publish(call);
  const given = await change({ challenge: false });
  assert.deepEqual([given.json['status'], given.json['challenge']], ['active', null]);
  await world.receiver.attemptOf(event);
});

test('paused stays paused: passing is one thing, going on another', async () => {
  const call = world.as('paused');
  const { change, act } = await created(call, { challenge: true, target_url: YES_URL });
  assert.equal((await act('pause')).json['status'], 'paused');
  const moved = await change({ target_url: 'https://no.example.com/' });
  assert.equal(moved.json['status'], 'paused');
  assert.equal((await act('resume')).json['status'], 'pending_challenge');
  assert.equal((await act('pause')).json['status'], 'paused');
  const back = await change({ target_url: YES_URL });
  assert.equal(back.json['status'], 'paused');
  assert.notEqual((back.json['challenge'] as Record<string, unknown>)['passed_at'], null);
  assert.equal((await act('resume')).json['status'], 'active');
});

test('resuming asks a target that has yet to say yes', async () => {
  const { act } = await created(world.as('resume'), {
    challenge: true,
    target_url: 'https://resume.example.com/',
  });
  await act('pause');
  answers.set('resume.example.com', YES);
  assert.equal((await act('resume')).json['status'], 'active');
});

test('an answer that comes after the target was changed counts for nothing', async () => {
  const call = world.as('race');
  const { path, act } = await created(call, { challenge: true });
  const opened = Promise.withResolvers<void>();
  gate = opened.promise;
  answers.set('example.com', YES);
  const verifying = act('verify');
  const number = world.registry.list(asked.at(-1)?.tenant ?? 0).at(-1)?.number ?? 0;
  while (asked.at(-1)?.number !== number) await new Promise((resolve) => setImmediate(resolve));
  await world.registry.change(number, (current) => ({
    settings: { ...current, destination: { kind: 'webhook', url: 'https://no.example.com/' } },
  }));
  opened.resolve();
  gate = Promise.resolve();
  await verifying;
  answers.delete('example.com');
  assert.equal((await call(`GET ${path}`)).json['status'], 'pending_challenge');
});

test('who verifies at the same time shares one question', async () => {
  const tenant = await world.storage.control.ensureTenant('shared', 0);
  await created(world.as('shared'), { challenge: true });
  const [subscription] = world.registry.list(tenant.number);
  const verification = new Verification(world.deps);
  const seen = asked.length;
  const number = subscription?.number ?? 0;
  const both = await Promise.all([verification.run(number), verification.run(number)]);
  assert.deepEqual(
    both.map((verified) => verified?.status),
    ['pending_challenge', 'pending_challenge'],
  );
  assert.equal(asked.length, seen + 1);
  await verification.run(number);
  assert.equal(asked.length, seen + 2);
});

test('when the answer can not be stored, who created it still gets the secret', async () => {
  const { control } = world.storage;
  const update = control.updateSubscription.bind(control);
  control.updateSubscription = () => Promise.reject(new StorageError('full', 'no space'));
  const { json } = await created(world.as('unstored'), { challenge: true, target_url: YES_URL });
  control.updateSubscription = update;
  assert.equal(json['status'], 'pending_challenge');
  assert.match(String(json['secret']), /^whsec_/);
  assert.ok(world.errors.splice(0).some((error) => error instanceof StorageError));
});
