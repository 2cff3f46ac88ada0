import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { INBOUND_FAILURES } from '../protocol/inbound/verifier.ts';
import { refusal, REFUSALS, type RefusalReason } from './refusals.ts';

const GUIDE = new URL('../../docs/guides/receiving.md', import.meta.url);

test('the guide explains every reason', async () => {
  const guide = await readFile(GUIDE, 'utf8');
  const rows = Object.entries(REFUSALS).map(([reason, { status, meaning }]) => {
    const shown = status === 'convention' ? 'provider’s' : String(status);
    return `| \`${reason}\` | ${shown} | ${meaning} |`;
  });
  const table = rows.join('\n');
  assert.ok(guide.includes(table), `the table of docs/guides/receiving.md should be:\n${table}`);
});

test('none of them is a success, and what hides its reason has one body', () => {
  const hidden = new Set<string>();
  for (const reason of Object.keys(REFUSALS) as RefusalReason[]) {
    const { status, body } = refusal(reason, 401);
    assert.ok(status >= 400, reason);
    if (REFUSALS[reason].title === null) hidden.add(body);
  }
  assert.equal(hidden.size, 1);
  for (const reason of INBOUND_FAILURES) assert.ok(refusal(reason, 403).status >= 400);
});
