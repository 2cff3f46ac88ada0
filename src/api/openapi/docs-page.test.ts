import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openApiWorld, type ApiWorld } from '../testing/api-world.ts';

let world: ApiWorld;
before(async () => {
  world = await openApiWorld();
});
after(() => world.close());

test('/docs leads to the page', async () => {
  const reply = await world.anonymous('GET /docs');
  assert.equal(reply.status, 301);
  assert.equal(reply.headers.get('location'), '/docs/');
});

test('the page runs its own script only, and loads nothing from elsewhere', async () => {
  const page = await world.anonymous('GET /docs/');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const policy = page.headers.get('content-security-policy') ?? '';
  const scripts = [...page.text.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
  assert.equal(scripts.length, 2);
  for (const [, attributes = '', inline = ''] of scripts) {
    const source = /src="([^"]*)"/.exec(attributes)?.[1];
    if (source === undefined) {
      const hash = createHash('sha256').update(inline).digest('base64');
      assert.ok(policy.includes(`'sha256-${hash}'`));
      assert.ok(inline.includes('"/openapi.json"'));
    } else assert.equal(source, 'js/scalar.js');
  }
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*/);
  assert.doesNotMatch(page.text, /(src|href)="(https?:)?\/\//);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
});

test('the script of the page is served from here', async () => {
  const script = await world.anonymous('GET /docs/js/scalar.js');
  assert.equal(script.status, 200);
  assert.match(script.headers.get('content-type') ?? '', /^application\/javascript/);
  assert.ok(script.text.length > 1_000_000);
});

test('there is nothing else below the page', async () => {
  const reply = await world.anonymous('GET /docs/etc/passwd');
  assert.deepEqual([reply.status, reply.json['code']], [404, 'not_found']);
});
