import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTemplate, fill, placesOf } from './template.ts';

const knows = (name: string) => name === 'account' || name === 'secret';

test('places are filled, and doubled braces stand for themselves', () => {
  assert.equal(
    fill('/a/{account}/{{x}}', (name) => `<${name}>`),
    '/a/<account>/{x}',
  );
});

test('a place without a value leaves nothing half filled', () => {
  assert.equal(
    fill('/a/{account}', () => undefined),
    undefined,
  );
});

test('what stands in a value is not filled again', () => {
  assert.equal(
    fill('{account}', () => '{secret}'),
    '{secret}',
  );
});

test('unknown names and lone braces are refused with what is known', () => {
  assert.equal(checkTemplate('/{account}', knows, 'known: account'), undefined);
  assert.match(checkTemplate('/{nobody}', knows, 'known: account') ?? '', /\{nobody\}.*known: acc/);
  assert.match(checkTemplate('/{account', knows, '') ?? '', /stands alone/);
  assert.match(checkTemplate('/{}', knows, '') ?? '', /not known/);
});

test('it tells which places there are', () => {
  assert.deepEqual(placesOf('{account}/{secret}/{account}/{{no}}'), ['account', 'secret']);
});
