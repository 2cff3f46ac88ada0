import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { PROBLEM_CODES, problemJson, Problem, problemKind, sentence } from './problems.ts';
import { assertGenerated } from './testing/generated-file.ts';

const INTRODUCTION = `# Errors

<!-- Made from src/api/problems.ts by its test; UPDATE_DOCS=1 writes it anew. -->

Whatever goes wrong comes as \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "/errors/validation_failed",
  "title": "A part of the request is not acceptable",
  "status": 422,
  "detail": "/event_type: is required",
  "code": "validation_failed",
  "next_step": "Mend each part that \`errors\` names.",
  "errors": [{ "pointer": "/event_type", "detail": "is required", "code": "required" }]
}
\`\`\`

Programs branch on \`code\`: codes stay, words may get better. \`detail\` tells what happened this
time, \`next_step\` what to do about it. \`errors\` is there when parts of the request are at fault;
each names its place as \`pointer\` (JSON Pointer into the body), \`parameter\` (query or path) or
\`header\`. \`type\` is a path of the same server that explains the code.

A 503 carries \`Retry-After\` in seconds, and nothing of the request was stored.

| code | status | what happened | what to do |
|---|---|---|---|
`;

test('docs/errors.md lists every code', async () => {
  const rows = PROBLEM_CODES.map((code) => {
    const { status, title, nextStep } = problemKind(code);
    return `| \`${code}\` | ${status} | ${title}. | ${nextStep} |\n`;
  });
  await assertGenerated('docs/errors.md', INTRODUCTION + rows.join(''));
});

test('every code of the catalogue is in use', async () => {
  const folder = new URL('.', import.meta.url);
  const names = await readdir(folder, { recursive: true });
  const sources = names.filter((name) => /(?<!\.test)\.ts$/.test(name) && name !== 'problems.ts');
  const texts = await Promise.all(sources.map((name) => readFile(new URL(name, folder), 'utf8')));
  const code = texts.join('\n');
  const unused = PROBLEM_CODES.filter((name) => !code.includes(`'${name}'`));
  assert.deepEqual(unused, []);
});

test('titles name what happened and next steps are whole sentences', () => {
  for (const code of PROBLEM_CODES) {
    const { title, nextStep, status } = problemKind(code);
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    assert.match(title, /^[A-Z].*[^.]$/);
    assert.match(nextStep, /^[A-Z].*\.$/s);
    assert.ok(status >= 400 && status < 600);
  }
});

test('a problem without parts has no errors member', () => {
  const json = problemJson(new Problem('not_found', 'Nothing.'));
  assert.deepEqual(json, {
    type: '/errors/not_found',
    title: 'There is no such thing here',
    status: 404,
    detail: 'Nothing.',
    code: 'not_found',
    next_step: 'Check the id, and that it belongs to the tenant of this key.',
  });
});

test('a sentence names the place, unless the place is the whole body', () => {
  assert.equal(sentence({ pointer: '/a', detail: 'is odd', code: 'x' }), '/a: is odd');
  assert.equal(sentence({ pointer: '', detail: 'is odd', code: 'x' }), 'is odd');
});
