import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '../../contract/manual-clock.ts';
import { askOnce, publishedKeys } from './published-keys.ts';

const URL_OF_KEYS = 'https://keys.example.com/jwks.json';

function counting(answer: () => Response) {
  const asked: string[] = [];
  const clock = manualClock(0);
  const keys = publishedKeys(async (url) => {
    asked.push(url);
    return answer();
  }, clock);
  return { asked, clock, keys };
}

test('a document is asked for once for all who want it, and again when it is old', async () => {
  const { asked, clock, keys } = counting(() => new Response('keys'));
  const both = [keys.document(URL_OF_KEYS, false), keys.document(URL_OF_KEYS, false)];
  assert.deepEqual(await Promise.all(both), ['keys', 'keys']);
  assert.equal(asked.length, 1);
  clock.advance(10 * 60_000);
  await keys.document(URL_OF_KEYS, false);
  assert.equal(asked.length, 2);
});

test('who wants it fresh gets it fresh, at most twice a minute', async () => {
  const { asked, clock, keys } = counting(() => new Response('keys'));
  await keys.document(URL_OF_KEYS, false);
  await keys.document(URL_OF_KEYS, true);
  assert.equal(asked.length, 1);
  clock.advance(30_000);
  await keys.document(URL_OF_KEYS, true);
  assert.equal(asked.length, 2);
});

test('so many documents are kept, the oldest is forgotten first', async () => {
  const { asked, keys } = counting(() => new Response('keys'));
  for (let at = 0; at <= 32; at += 1) await keys.document(`${URL_OF_KEYS}?${at}`, false);
  await keys.document(`${URL_OF_KEYS}?32`, false);
  assert.equal(asked.length, 33);
  await keys.document(`${URL_OF_KEYS}?0`, false);
  assert.equal(asked.length, 34);
});

test('redirects, errors, long answers and plain http are refused', async () => {
  const refuses = (answer: Response, message: RegExp, url = URL_OF_KEYS) =>
    assert.rejects(
      askOnce(async () => answer, url, manualClock(0)),
      message,
    );
  const redirect = new Response(null, { status: 302, headers: { location: 'http://10.0.0.1/' } });
  await refuses(redirect, /answered 302/);
  await refuses(new Response('no', { status: 500 }), /answered 500/);
  await refuses(new Response('x'.repeat(300_000)), /more than 262144 bytes/);
  await refuses(new Response('keys'), /is not https/, 'http://keys.example.com/');
});

test('an answer that does not come is given up, and the call is taken back', async () => {
  const clock = manualClock(0);
  const asking = askOnce(
    (_url, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    URL_OF_KEYS,
    clock,
  );
  clock.advance(5_000);
  await assert.rejects(asking, /aborted/);
});
