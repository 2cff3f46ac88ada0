import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkEventType, isOperationalEventType } from '../domain/event-type.ts';
import { EventTypeNames, inboundEventType } from './event-type.ts';

test('the provider comes first, and its own type is kept where it can be', () => {
  const cases: readonly [string, string, string][] = [
    ['stripe', 'invoice.paid', 'stripe.invoice.paid'],
    ['github', 'issues:opened', 'github.issues.opened'],
    ['shopify', 'orders/create', 'shopify.orders.create'],
    ['gitlab', 'Push Hook', 'gitlab.Push_Hook'],
    ['x', '..a..b..', 'x.a.b'],
    ['x', '   ', 'x.event'],
    ['x', 'naïve ☕ type', 'x.na_ve_type'],
    ['bellwire', 'subscription.disabled', 'source.bellwire.subscription.disabled'],
  ];
  for (const [provider, own, expected] of cases) {
    assert.equal(inboundEventType(provider, own), expected);
  }
});

test('without a type of its own it is an event of the provider', () => {
  const names = new EventTypeNames('github');
  assert.equal(names.nameOf(undefined), 'github.event');
  assert.equal(names.nameOf(''), 'github.event');
  assert.equal(names.nameOf('push'), names.nameOf('push'));
});

test('whatever a sender calls it, the result is an event type, and never one of our own', () => {
  const own = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ maxLength: 30 }));
  fc.assert(
    fc.property(fc.constantFrom('stripe', 'bellwire', 'a2a-v0.3'), own, (provider, text) => {
      const name = inboundEventType(provider, text);
      assert.equal(checkEventType(name), undefined, name);
      assert.equal(isOperationalEventType(name), false);
    }),
  );
});
