import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { Clock } from '../clock.ts';
import { Bellwire } from './bellwire.ts';
import { BellwireError } from './error.ts';
import { fakeApi } from './fake-api.ts';
import type { Answer, FakeApi } from './fake-api.ts';
import { nextDelayMs, parseRetryAfter } from './retry.ts';
import type { ClientOptions } from './transport.ts';

const NOW = Date.parse('2026-04-09T12:00:00Z');
const EVENT = { event_type: 'a.b' };
const published = { id: 'evt_1', event_type: 'a.b', deliveries: 0, duplicate: false };

/** Notes pauses and skips them; the timer of a call's deadline never fires. */
function skippingClock(pauses: number[]): Clock {
  return {
    now: () => NOW,
    setTimer(delayMs, run) {
      if (delayMs !== DEADLINE_MS) {
        pauses.push(delayMs);
        queueMicrotask(run);
      }
      return { cancel() {} };
    },
  };
}

const DEADLINE_MS = 123_456;

interface Setup {
  readonly bellwire: Bellwire;
  readonly api: FakeApi;
  readonly pauses: number[];
}

async function withAnswers(
  answers: readonly Answer[],
  run: (setup: Setup) => Promise<void>,
  options: Partial<ClientOptions> = {},
): Promise<void> {
  const pauses: number[] = [];
  const api = await fakeApi((_asked, number) => answers[number] ?? { json: published });
  const bellwire = new Bellwire({
    baseUrl: api.baseUrl,
    apiKey: 'bw_canary',
    clock: skippingClock(pauses),
    timeoutMs: DEADLINE_MS,
    random: () => 1,
    ...options,
  });
  try {
    await run({ bellwire, api, pauses });
  } finally {
    await api.close();
  }
}

async function errorOf(work: Promise<unknown>): Promise<BellwireError> {
  const error = await work.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BellwireError);
  return error;
}

test('a problem becomes an error with all its parts, and no key in it', async () => {
  const errors = [{ pointer: '/event_type', code: 'required', detail: 'It is missing.' }];
  const problem = { code: 'validation_failed', title: 'Not acceptable', detail: 'See errors.' };
  const answer = { status: 422, json: { ...problem, next_step: 'Mend it.', errors } };
  await withAnswers([answer], async ({ bellwire, api }) => {
    const error = await errorOf(bellwire.events.publish(EVENT));
    assert.equal(error.status, 422);
    assert.equal(error.code, 'validation_failed');
    assert.equal(error.title, 'Not acceptable');
    assert.equal(error.detail, 'See errors.');
    assert.equal(error.nextStep, 'Mend it.');
    assert.deepEqual(error.errors, errors);
    assert.equal(error.message, 'Not acceptable: See errors. (422 validation_failed)');
    assert.equal(api.asked.length, 1);
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes('bw_canary'));
  });
});

test('an answer that is no problem still becomes an error with its status', async () => {
  for (const text of ['<html>Bad Gateway</html>', '', '[]', '"no"', '{"errors":7,"code":9}']) {
    await withAnswers([{ status: 502, text }], async ({ bellwire }) => {
      const error = await errorOf(bellwire.events.publish(EVENT));
      assert.deepEqual([error.status, error.code], [502, 'unexpected_response']);
      assert.deepEqual(error.errors, []);
    });
  }
  await withAnswers([{ text: 'not JSON' }], async ({ bellwire }) => {
    const error = await errorOf(bellwire.events.get('e'));
    assert.deepEqual([error.status, error.code], [200, 'unexpected_response']);
  });
});

test('a redirect is an error and is not followed', async () => {
  const answer = { status: 302, headers: { location: '/elsewhere' } };
  await withAnswers([answer], async ({ bellwire, api }) => {
    assert.equal((await errorOf(bellwire.events.get('e'))).status, 302);
    assert.equal(api.asked.length, 1);
  });
});

test('publish survives cuts, 429 and 503 with one idempotency key and growing pauses', async () => {
  const answers: Answer[] = ['cut', { status: 429 }, { status: 503 }];
  await withAnswers(answers, async ({ bellwire, api, pauses }) => {
    assert.deepEqual(await bellwire.events.publish(EVENT), published);
    assert.equal(new Set(api.asked.map(({ headers }) => headers['idempotency-key'])).size, 1);
    assert.equal(api.asked.length, 4);
    assert.deepEqual(pauses, [250, 500, 1000]);
  });
});

test('it gives up after the last retry, with the last error', async () => {
  await withAnswers(Array<Answer>(9).fill('cut'), async ({ bellwire, api }) => {
    const error = await errorOf(bellwire.events.publish(EVENT));
    assert.deepEqual([error.status, error.code], [0, 'connection_failed']);
    assert.equal(api.asked.length, 4);
  });
});

function after(text: string): Answer {
  return { status: 503, headers: { 'retry-after': text } };
}

test('Retry-After is waited for in both forms; a very long one is left to the caller', async () => {
  const date = new Date(NOW + 7_000).toUTCString();
  await withAnswers([after('2'), after(date)], async ({ bellwire, pauses }) => {
    await bellwire.events.publish(EVENT);
    assert.deepEqual(pauses, [2_000, 7_000]);
  });
  await withAnswers([after('3600')], async ({ bellwire, pauses }) => {
    assert.equal((await errorOf(bellwire.events.publish(EVENT))).retryAfterMs, 3_600_000);
    assert.deepEqual(pauses, []);
  });
});

test('what may have been carried out is repeated only when that does no harm', async () => {
  const calls: [(b: Bellwire) => Promise<unknown>, asked: number][] = [
    [(b) => b.events.get('e'), 2],
    [(b) => b.subscriptions.pause('s'), 2],
    [(b) => b.subscriptions.delete('s'), 2],
    [(b) => b.events.publishBatch([EVENT]), 2],
    [(b) => b.subscriptions.create({ event_type: 'a' }), 1],
    [(b) => b.apiKeys.create(), 1],
    [(b) => b.deliveries.resend('d'), 1],
  ];
  for (const [call, times] of calls) {
    await withAnswers(['cut'], async ({ bellwire, api }) => {
      await call(bellwire).catch(() => {});
      assert.equal(api.asked.length, times, String(call));
    });
  }
  await withAnswers([{ status: 503 }], async ({ bellwire, api }) => {
    await bellwire.apiKeys.create();
    assert.equal(api.asked.length, 2);
  });
});

test('other server errors are not repeated', async () => {
  for (const status of [400, 401, 404, 409, 500, 502, 504]) {
    await withAnswers([{ status }], async ({ bellwire, api }) => {
      assert.equal((await errorOf(bellwire.events.publish(EVENT))).status, status);
      assert.equal(api.asked.length, 1);
    });
  }
});

test('a server that never answers runs into the time limit of each try', async () => {
  const limits = { timeoutMs: 5, retry: { maxRetries: 1 } };
  const answers: Answer[] = ['hang', 'hang'];
  await withAnswers(
    answers,
    async ({ bellwire, api }) => {
      const error = await errorOf(bellwire.events.publish(EVENT));
      assert.deepEqual([error.status, error.code], [0, 'timeout']);
      assert.ok(api.asked.length <= 2);
    },
    limits,
  );
});

test('the caller can stop a call, and a pause between two', async () => {
  const controller = new AbortController();
  const stopped = async (answers: readonly Answer[], clock?: Clock) =>
    withAnswers(
      answers,
      async ({ bellwire, api }) => {
        const work = bellwire.events.publish(EVENT, { signal: controller.signal });
        assert.equal((await errorOf(work)).code, 'aborted');
        assert.ok(api.asked.length <= 1);
      },
      clock === undefined ? {} : { clock },
    );
  const pausing: Clock = {
    now: () => NOW,
    setTimer(delayMs) {
      if (delayMs !== DEADLINE_MS) queueMicrotask(() => controller.abort());
      return { cancel() {} };
    },
  };
  await stopped([{ status: 503 }], pausing);
  await stopped(['hang']);
});

test('a try that fails without an answer is told from one whose caller stopped it', async () => {
  const options = {
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    retry: { maxRetries: 0 },
  };
  await withAnswers(
    [],
    async ({ bellwire }) => {
      const error = await errorOf(bellwire.events.get('e'));
      assert.equal(error.code, 'connection_failed');
      assert.match(String(error.cause), /fetch failed/);
    },
    options,
  );
});

test('the pause is between half and all of a doubling ceiling', () => {
  const policy = { maxRetries: 9, baseDelayMs: 100, maxDelayMs: 1_000 };
  const delay = (failures: number, random: number) =>
    nextDelayMs(policy, { status: 503 }, failures, false, random);
  assert.deepEqual([delay(1, 0), delay(1, 1), delay(3, 0), delay(3, 1)], [50, 100, 200, 400]);
  assert.deepEqual([delay(9, 1), delay(10, 1)], [1_000, undefined]);
});

test('Retry-After that is neither seconds nor a date says nothing', () => {
  assert.equal(parseRetryAfter(null, NOW), undefined);
  assert.equal(parseRetryAfter('soon', NOW), undefined);
  assert.equal(parseRetryAfter('0', NOW), 0);
  assert.equal(parseRetryAfter(new Date(NOW - 9_000).toUTCString(), NOW), 0);
});
