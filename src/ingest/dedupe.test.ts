import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceDedupe } from '../domain/source.ts';
import { identify, type Identity } from './dedupe.ts';

interface Case {
  readonly body?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly id?: string;
  readonly signed?: boolean;
  readonly chosen?: SourceDedupe;
  readonly repeats?: boolean;
}

function identityOf(given: Case): Identity {
  const {
    body = '{"n":1}',
    headers = {},
    query = '',
    id,
    signed = false,
    chosen = null,
    repeats = false,
  } = given;
  const request = {
    method: 'POST',
    url: `https://example.com/in/x?${query}`,
    headers: (name: string) => headers[name],
    body: Buffer.from(body),
  };
  const value: unknown = body === '' ? undefined : JSON.parse(body);
  const rules = { chosen, signsEventId: signed, repeatsAreEvents: repeats };
  return identify(request, value, id, rules);
}

const same = (one: Case, other: Case) => identityOf(one).material === identityOf(other).material;

test('a signed id alone decides', () => {
  assert.ok(same({ id: 'a', signed: true, body: '1' }, { id: 'a', signed: true, body: '2' }));
  assert.equal(same({ id: 'a', signed: true }, { id: 'b', signed: true }), false);
});

test('an id that is not signed keeps apart what has the same body, and bodies of one id', () => {
  assert.ok(same({ id: 'a' }, { id: 'a' }));
  assert.equal(same({ id: 'a' }, { id: 'b' }), false);
  assert.equal(same({ id: 'a', body: '1' }, { id: 'a', body: '2' }), false);
});

test('without an id the body decides, not the query or headers', () => {
  assert.ok(same({ query: 'a=1&b=2' }, { query: 'b=2&a=1', headers: { x: 'y' } }));
  assert.equal(same({ body: '{"n":1}' }, { body: '{"n":1.0}' }), false);
  assert.ok(same({ id: '' }, {}));
});

test('where repeats are events, only what tells them apart makes a duplicate', () => {
  assert.equal(identityOf({ repeats: true }).material, null);
  assert.ok(same({ repeats: true, id: 'a', signed: true }, { id: 'a', signed: true }));
  const body = { from: 'body_hash' } as const;
  assert.ok(same({ repeats: true, chosen: body }, { chosen: body }));
});

test('without a body the query decides', () => {
  assert.ok(same({ body: '', query: 'a=1' }, { body: '', query: 'a=1' }));
  assert.equal(same({ body: '', query: 'a=1' }, { body: '', query: 'a=2' }), false);
});

test('what the owner chose comes before the provider’s id, and the id where it is missing', () => {
  const chosen = { from: 'body', pointer: '/order/id' } as const;
  const order = (id: unknown, n: number) => JSON.stringify({ order: { id }, n });
  const given = { chosen, id: 'a', signed: true };
  assert.ok(same({ ...given, body: order(7, 1) }, { ...given, id: 'b', body: order(7, 2) }));
  assert.equal(same({ ...given, body: order(7, 1) }, { ...given, body: order('7', 1) }), false);
  assert.ok(same({ ...given, body: order(null, 1) }, { ...given, body: '{"other":1}' }));
  const header = { chosen: { from: 'header', name: 'x-id' } as const };
  assert.ok(
    same(
      { ...header, headers: { 'x-id': '1' } },
      { ...header, headers: { 'x-id': '1' }, body: '2' },
    ),
  );
  const hash = { chosen: { from: 'body_hash' } as const, signed: true };
  assert.ok(same({ ...hash, id: 'a' }, { ...hash, id: 'b' }));
});

test('the provider’s id is kept for people, bounded', () => {
  assert.equal(identityOf({ id: 'evt_1' }).providerEventId, 'evt_1');
  assert.equal(identityOf({}).providerEventId, null);
  const long = identityOf({ id: 'x'.repeat(10_000) }).providerEventId ?? '';
  assert.equal(long.length, 255);
  assert.notEqual(long, identityOf({ id: 'x'.repeat(10_001) }).providerEventId);
});
