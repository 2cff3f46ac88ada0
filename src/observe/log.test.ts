import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { liveSecret, type Subscription } from '../domain/subscription.ts';
import type { TelemetryEvent } from '../runtime/telemetry.ts';
import { attempt, START_AT, utf8 } from '../storage/contract/factories.ts';
import { webhookSettings } from '../testing/simulated-world.ts';
import { fanOutTelemetry, logTelemetry } from './log.ts';

/** Stands in every place that may hold something private. */
const CANARY = 'canary-4711';
const TARGET = `https://user:${CANARY}@receiver.test/${CANARY}?token=${CANARY}`;

const SUBSCRIPTION: Subscription = {
  ...webhookSettings({ url: TARGET, headers: { authorization: CANARY }, metadata: { a: CANARY } }),
  number: 3,
  id: 'sub_3',
  tenant: 1,
  status: 'active',
  disabledReason: null,
  failingSince: null,
  createdAt: START_AT,
  updatedAt: START_AT,
  secrets: [liveSecret(`whsec_${CANARY}`)],
};

const ATTEMPT_ENDED: TelemetryEvent = {
  event: 'attempt.ended',
  at: START_AT,
  subscription: SUBSCRIPTION,
  eventId: 'evt_1',
  eventType: 'task.completed',
  attempt: attempt({
    outcome: 'failed',
    detail: 'it answered 500',
    responseHeaders: JSON.stringify({ 'set-cookie': CANARY }),
    responseBody: utf8(CANARY),
  }),
  status: 'waiting',
  ageMs: 5,
};

const NOTABLE: readonly TelemetryEvent[] = [
  {
    event: 'breaker.changed',
    at: START_AT,
    tenant: 1,
    target: TARGET,
    phase: 'open',
    probeAt: START_AT + 30_000,
  },
  { event: 'subscription.disabled', at: START_AT, subscription: SUBSCRIPTION, reason: 'gone' },
  { event: 'target.blocked', at: START_AT, host: 'receiver.test', why: 'loopback' },
];

function setup(level: string) {
  const lines: string[] = [];
  const telemetry = logTelemetry(pino({ level }, { write: (line: string) => lines.push(line) }));
  return { telemetry, lines, entries: () => lines.map((line): unknown => JSON.parse(line)) };
}

/** The members of one log line that the test is about. */
function pick(entry: unknown, ...names: readonly string[]): unknown[] {
  assert.ok(typeof entry === 'object' && entry !== null);
  const members = new Map<string, unknown>(Object.entries(entry));
  return names.map((name) => members.get(name));
}

test('attempts are logged at debug only', () => {
  for (const [level, expected] of [['debug', 1] as const, ['info', 0] as const]) {
    const { telemetry, lines } = setup(level);
    telemetry.emit(ATTEMPT_ENDED);
    assert.equal(lines.length, expected, level);
  }
});

test('what the event catalogue flags is logged at debug only', () => {
  const flagged: TelemetryEvent = {
    event: 'publication.flagged',
    at: START_AT,
    tenant: 1,
    eventType: 'order.paid',
    refused: true,
    codes: ['schema_mismatch'],
  };
  for (const [level, expected] of [['debug', 1] as const, ['info', 0] as const]) {
    const { telemetry, lines } = setup(level);
    telemetry.emit(flagged);
    assert.equal(lines.length, expected, level);
  }
});

test('what retention removes is no warning', () => {
  const { telemetry, entries } = setup('debug');
  telemetry.emit({
    event: 'retention.removed',
    at: START_AT,
    tenant: null,
    createdBefore: START_AT - 1,
    events: 3,
    bytes: 300,
    durationMs: 5,
  });
  const [entry] = entries();
  assert.deepEqual(pick(entry, 'level', 'events'), [pino.levels.values['info'], 3]);
});

test('the line of an attempt says which, how it ended and why', () => {
  const { telemetry, entries } = setup('debug');
  telemetry.emit(ATTEMPT_ENDED);
  const [entry] = entries();
  assert.deepEqual(
    pick(entry, 'subscription', 'eventId', 'number', 'outcome', 'responseStatus', 'detail'),
    ['sub_3', 'evt_1', 1, 'failed', 500, 'it answered 500'],
  );
});

test('what an operator should see is a warning', () => {
  const { telemetry, entries } = setup('warn');
  for (const event of NOTABLE) telemetry.emit(event);
  const WARN = pino.levels.values['warn'];
  assert.deepEqual(
    entries().map((entry) => pick(entry, 'level', 'event')),
    NOTABLE.map(({ event }) => [WARN, event]),
  );
  const [breaker, disabled, blocked] = entries();
  assert.deepEqual(pick(breaker, 'target', 'phase'), ['https://receiver.test', 'open']);
  assert.deepEqual(pick(disabled, 'subscription', 'reason'), ['sub_3', 'gone']);
  assert.deepEqual(pick(blocked, 'host', 'why'), ['receiver.test', 'loopback']);
});

test('no line holds a secret, a body, a header or the path of a target', () => {
  const { telemetry, lines } = setup('debug');
  for (const event of [ATTEMPT_ENDED, ...NOTABLE]) telemetry.emit(event);
  assert.equal(lines.length, NOTABLE.length + 1);
  for (const line of lines) assert.equal(line.includes(CANARY), false, line);
});

test('one telemetry feeds several', () => {
  const heard: string[] = [];
  const listener = (name: string) => ({
    emit: (event: TelemetryEvent) => heard.push(`${name} ${event.event}`),
  });
  fanOutTelemetry([listener('a'), listener('b')]).emit(ATTEMPT_ENDED);
  assert.deepEqual(heard, ['a attempt.ended', 'b attempt.ended']);
});
