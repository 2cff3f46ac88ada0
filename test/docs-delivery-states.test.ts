/**
 * `docs/delivery-states.md` is written from the transition table, so that the page can't drift from
 * the code. `UPDATE_DOCS=1 npm test` rewrites it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  DELIVERY_STATE_EVENT_MEANINGS,
  DELIVERY_STATE_EVENTS,
  DELIVERY_STATE_MEANINGS,
  DELIVERY_STATES,
  deliveryStateDiagram,
  isFinal,
} from '../src/domain/delivery-state.ts';

const PAGE = new URL('../docs/delivery-states.md', import.meta.url);

function deliveryStatesPage(): string {
  const states = DELIVERY_STATES.map(
    (state) =>
      `| \`${state}\` | ${isFinal(state) ? 'yes' : ''} | ${DELIVERY_STATE_MEANINGS[state]} |`,
  );
  const events = DELIVERY_STATE_EVENTS.map(
    (event) => `| \`${event}\` | ${DELIVERY_STATE_EVENT_MEANINGS[event]} |`,
  );
  return [
    '# The states of a delivery',
    '',
    '<!-- Written from src/domain/delivery-state.ts by test/docs-delivery-states.test.ts. -->',
    '<!-- Do not edit: change the table and run UPDATE_DOCS=1 npm test. -->',
    '',
    'A delivery is the obligation to bring one event to one subscription. It is always in one of',
    'these states. A final state is left only by a resend.',
    '',
    '| state | final | meaning |',
    '|---|---|---|',
    ...states,
    '',
    '```mermaid',
    deliveryStateDiagram().trimEnd(),
    '```',
    '',
    'What moves it from one to the next:',
    '',
    '| event | meaning |',
    '|---|---|',
    ...events,
    '',
  ].join('\n');
}

test('docs/delivery-states.md says what the transition table says', () => {
  const page = deliveryStatesPage();
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
  assert.equal(readFileSync(PAGE, 'utf8'), page, 'outdated; run UPDATE_DOCS=1 npm test');
});
