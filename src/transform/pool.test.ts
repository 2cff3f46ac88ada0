import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { MAX_QUEUED_TRANSFORMS, MAX_TRANSFORM_SOURCE_CHARS } from '../domain/limits.ts';
import type { Clock } from '../runtime/clock.ts';
import { systemClock } from '../runtime/system.ts';
import { SimulatedClock } from '../testing/simulated-clock.ts';
import { TransformPool } from './pool.ts';
import type { TransformJob, TransformResult } from './port.ts';

const INPUT = Buffer.from('{"data":{"n":20}}');
const ENDLESS = '($f := function($n){$f($n+1)}; $f(1))';
const BOMB = '$uppercase($pad("x", 200000000))';

function setup(t: TestContext, options: { boxes?: number; clock?: Clock } = {}) {
  const { boxes = 2, clock = systemClock } = options;
  const pool = new TransformPool({ clock, boxes });
  t.after(() => pool.close());
  const job = (source: string, overrides: Partial<TransformJob> = {}): TransformJob => ({
    tenant: 1,
    source,
    input: INPUT,
    instant: 0,
    timeoutMs: 60_000,
    ...overrides,
  });
  const run = (source: string, overrides: Partial<TransformJob> = {}) =>
    new Promise<TransformResult>((resolve) => {
      pool.run(job(source, overrides), resolve);
    });
  return { pool, job, run };
}

function textOf(result: TransformResult): string {
  assert.ok(result.ok, JSON.stringify(result));
  return Buffer.from(result.body).toString();
}

function detailOf(result: TransformResult): string {
  assert.ok(!result.ok);
  return `${result.failure.kind}: ${result.failure.detail}`;
}

test('no process exists before the first job, and none long after the last', async (t) => {
  const clock = new SimulatedClock(0);
  const { pool, run } = setup(t, { clock });
  assert.equal(pool.size, 0);
  assert.equal(textOf(await run('data.n + 1')), '21');
  assert.equal(pool.size, 1);
  await clock.advance(29_999);
  assert.equal(textOf(await run('data.n + 2')), '22');
  await clock.advance(29_999);
  assert.equal(pool.size, 1);
  await clock.advance(1);
  // It works again when it is needed again.
  assert.equal(textOf(await run('data.n + 3')), '23');
  assert.equal(pool.size, 1);
});

test('a job has its result once, and never before the call returns', async (t) => {
  const { pool, job } = setup(t);
  let calls = 0;
  const { promise, resolve } = Promise.withResolvers<TransformResult>();
  pool.run(job('data.n'), (result) => {
    calls += 1;
    resolve(result);
  });
  assert.equal(calls, 0);
  const result = await promise;
  assert.equal(textOf(result), '20');
  assert.ok(result.durationMs > 0);
  assert.equal(calls, 1);
});

test('what eats all memory ends its own process alone', async (t) => {
  const { run } = setup(t);
  const other = run('data.n', { tenant: 2 });
  assert.match(detailOf(await run(BOMB)), /^limit: it needs more than 96 MiB of memory$/);
  assert.equal(textOf(await other), '20');
  assert.equal(textOf(await run('data.n')), '20');
});

test('a tenant whose expressions hang leaves a process to the others', async (t) => {
  const { pool, run } = setup(t);
  let ended = 0;
  const slow = Array.from({ length: 6 }, async () => {
    assert.match(detailOf(await run(ENDLESS)), /^limit: it took longer than 500 ms$/);
    ended += 1;
  });
  assert.equal(pool.size, 1);
  assert.equal(textOf(await run('data.n', { tenant: 2 })), '20');
  assert.equal(pool.size, 2);
  assert.ok(ended < slow.length, `${ended} of the slow ones had ended`);
  await Promise.all(slow);
});

test('within a tenant, a slow expression does not take all turns', async (t) => {
  const { run } = setup(t, { boxes: 1 });
  const ended: string[] = [];
  const slow = Array.from({ length: 4 }, () => run(ENDLESS).then(() => ended.push('slow')));
  const quick = run('data.n').then(() => ended.push('quick'));
  await Promise.all([...slow, quick]);
  assert.ok(ended.indexOf('quick') <= 2, ended.join());
});

test('who waits for longer than it may is told so', async (t) => {
  const { run } = setup(t, { boxes: 1 });
  const slow = run(ENDLESS);
  const late = await run('data.n', { timeoutMs: 20 });
  assert.equal(detailOf(late), 'unavailable: no process for transforms was free within 20 ms');
  await slow;
});

test('what was cancelled is not run, or its result is dropped', async (t) => {
  const { pool, job, run } = setup(t, { boxes: 1 });
  const told: string[] = [];
  const running = pool.run(job(ENDLESS), () => told.push('running'));
  const waiting = pool.run(job('data.n'), () => told.push('waiting'));
  running.cancel();
  waiting.cancel();
  waiting.cancel();
  assert.equal(textOf(await run('data.n + 1')), '21');
  assert.deepEqual(told, []);
});

test('an expression is checked without an event', async (t) => {
  const { pool } = setup(t);
  assert.equal(await pool.check(1, 'data.n'), undefined);
  assert.deepEqual(await pool.check(1, 'a\n + $random()'), {
    kind: 'expression',
    detail: '$random may not be used: every attempt must send the same bytes',
    message: '$random may not be used: every attempt must send the same bytes',
    position: { offset: 12, line: 2, column: 11 },
  });
});

test('too long an expression and too long a queue are refused at once', async (t) => {
  const { pool, run, job } = setup(t, { boxes: 1 });
  const long = await run(`"${'x'.repeat(MAX_TRANSFORM_SOURCE_CHARS)}"`);
  assert.equal(detailOf(long), 'unavailable: the expression has more than 8192 characters');
  assert.equal(pool.size, 0);
  for (let n = 0; n <= MAX_QUEUED_TRANSFORMS; n += 1) pool.run(job('data.n'), () => undefined);
  assert.equal(detailOf(await run('data.n')), 'unavailable: 4096 transforms wait already');
});

test('closing fails what waits and what runs, and all that comes later', async (t) => {
  const { pool, run } = setup(t, { boxes: 1 });
  await run('data.n');
  const jobs = [run(ENDLESS), run('data.n')];
  pool.close();
  const late = run('data.n');
  for (const result of await Promise.all([...jobs, late])) {
    assert.match(detailOf(result), /^unavailable: /);
  }
  assert.equal(pool.size, 0);
});

test('a box ends with its server, even in the middle of a job', async () => {
  const main = fileURLToPath(new URL('./box/main.ts', import.meta.url));
  const library = fileURLToPath(import.meta.resolve('jsonata'));
  const box = fork(main, [library], { serialization: 'advanced', stdio: 'ignore' });
  await once(box, 'message');
  box.send({ tenant: 1, source: ENDLESS, input: '{}', instant: 0 });
  box.disconnect();
  const [code] = await once(box, 'exit');
  assert.equal(code, 0);
});

const PROCESSES = existsSync('/proc/self/task') ? false : 'needs the /proc of Linux';

test(
  'a box knows no secret of its server, and may do next to nothing',
  { skip: PROCESSES },
  async (t) => {
    process.env['BELLWIRE_TEST_SECRET'] = 'geheim';
    t.after(() => delete process.env['BELLWIRE_TEST_SECRET']);
    const { run } = setup(t);
    await run('data.n');
    const { pid } = process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const boxes = children.filter((child) =>
      readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('box/main.ts'),
    );
    assert.ok(boxes.length >= 1);
    for (const box of boxes) {
      assert.ok(readFileSync(`/proc/${box}/cmdline`, 'utf8').includes('--permission'));
      const environment = readFileSync(`/proc/${box}/environ`, 'utf8').split('\0');
      const names = environment.map((entry) => entry.split('=')[0]).filter((name) => name !== '');
      assert.deepEqual(
        names.filter((name) => !/^(TZ|NODE_.*)$/.test(name ?? '')),
        [],
      );
    }
  },
);
