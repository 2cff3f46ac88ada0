/** `npm run demo`, as a machine without a terminal runs it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../test/support/child.ts';

const DEMO = fileURLToPath(new URL('./demo.ts', import.meta.url));
const DEADLINE_MS = 40_000;

/** What must be said, in this order. */
const STORY = [
  'First trip: all goes well',
  'On it! Looking for flights…',
  'Your flight is booked! Now looking for hotels…',
  'the assistant is busy and answers 503',
  'tries again: attempt 2',
  'Your hotel is booked! Now looking for a rental car…',
  'Your car is booked!',
  'All set, 612 € together.',
  'Second trip: the flight fails',
  "I'm sorry, your flight could not be booked: the airline sold the last seat a moment ago.",
  "I'm stopping the rest now: hotel and car.",
  'Nothing is booked and nothing is charged.',
  'What Bellwire has on record',
  'Why task.completed of trip-1-hotel took 2 attempts:',
];

test('both stories are told, and every delivery is explained', async (t) => {
  const demo = await startChild(process.execPath, [DEMO, '--pace', '0.25']);
  t.after(() => demo.kill('SIGKILL'));
  const [, deliveries, delivered] = await demo.says(
    /(\d+) deliveries, \d+ attempts, (\d+) delivered\./,
    DEADLINE_MS,
  );
  const { code } = await demo.ended;
  const output = demo.output();
  assert.equal(code, 0, output);
  assert.equal(delivered, deliveries);
  assertInOrder(output, STORY);
  for (const part of ['hotel', 'car']) {
    assert.match(output, new RegExp(`Your ${part}: stopped before anything was paid, \\d+ ms`));
    assert.match(output, new RegExp(`task\\.cancelled +trip-2-${part} +assistant +delivered`));
  }
  assert.match(output, /task\.completed +trip-1-hotel +assistant +delivered +503 → 200/);
});

test('Ctrl-C ends the demo, and its Bellwire with it', async (t) => {
  const demo = await startChild(process.execPath, [DEMO]);
  t.after(() => demo.kill('SIGKILL'));
  const [, url = ''] = await demo.says(/Bellwire is at (http:[^;]+);/, DEADLINE_MS);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const { code } = await demo.kill('SIGINT');
  assert.equal(code, 0, demo.output());
  await assert.rejects(fetch(`${url}/healthz`), { message: 'fetch failed' });
});

test('a pace that is none is refused with a reason', async () => {
  const demo = await startChild(process.execPath, [DEMO, '--pace', 'fast']);
  const { code } = await demo.ended;
  assert.equal(code, 1);
  assert.match(demo.output(), /--pace must be a positive number, not fast/);
});

function assertInOrder(text: string, lines: readonly string[]): void {
  let from = 0;
  for (const line of lines) {
    const at = text.indexOf(line, from);
    assert.notEqual(at, -1, `"${line}" is not said, or too early, in:\n${text}`);
    from = at + line.length;
  }
}
