/**
 * The sizes and habits of STYLE.md, as far as no tool holds them: `npm run check` holds types,
 * function length, `any`, formatting, import rules and dead code.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RECORD_PREFIXES } from '../src/domain/ids.ts';
import * as limits from '../src/domain/limits.ts';

const ROOT = join(import.meta.dirname, '..');
const MAX_MEDIAN_LINES = 120;
const MAX_LINES = 400;
const MAX_COLUMNS = 100;

const CODE_ROOMS = ['bench', 'bin', 'examples', 'sdk', 'src', 'test'];
/** What else may stand at the top; one more word here is one more thing a newcomer meets. */
const OTHER_ROOMS = ['docs', 'openapi'];

/** This file, which names what it looks for. */
const THIS = join('test', 'tidy.test.ts');

interface SourceFile {
  /** From the root. */
  readonly path: string;
  readonly lines: readonly string[];
}

const sources: readonly SourceFile[] = CODE_ROOMS.flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|mjs)$/.test(path))
    .map((path) => join(room, path))
    .map((path) => ({ path, lines: text(path).replace(/\n$/, '').split('\n') })),
);

function text(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Places in the code where `wrong` says so, as `path:line`. */
function places(wrong: (line: string, file: SourceFile) => boolean): string[] {
  return sources.flatMap((file) =>
    file.lines.flatMap((line, index) => (wrong(line, file) ? [`${file.path}:${index + 1}`] : [])),
  );
}

test(`no file has more than ${MAX_LINES} lines`, () => {
  const long = sources.filter(({ lines }) => lines.length > MAX_LINES);
  assert.deepEqual(
    long.map(({ path, lines }) => `${path}: ${lines.length}`),
    [],
  );
});

test(`half of all files have fewer than ${MAX_MEDIAN_LINES} lines`, () => {
  const lengths = sources.map(({ lines }) => lines.length).toSorted((a, b) => a - b);
  assert.ok((lengths[Math.floor(lengths.length / 2)] ?? 0) < MAX_MEDIAN_LINES);
});

test(`no line has more than ${MAX_COLUMNS} columns`, () => {
  assert.deepEqual(
    places((line) => line.length > MAX_COLUMNS),
    [],
  );
});

test('nothing is left for later', () => {
  const marker = /\b(TODO|FIXME|XXX)\b/;
  assert.deepEqual(
    places((line, { path }) => path !== THIS && marker.test(line)),
    [],
  );
});

test('every switched-off check has a reason beside it', () => {
  const directive = /(oxlint-disable|@ts-expect-error|@ts-ignore)/;
  assert.deepEqual(
    places((line, { path }) => directive.test(line) && !/ -- \S/.test(line) && path !== THIS),
    [],
  );
});

test('no test waits for time to pass', () => {
  const sleep = /await (sleep|delay|setTimeout)\(|resolve, \d+\)/;
  assert.deepEqual(
    places((line, { path }) => path.endsWith('.test.ts') && path !== THIS && sleep.test(line)),
    [],
  );
});

test('no dynamic import gets around the import rules', () => {
  const around = /import\(\s*['"]((node:)?(net|tls|https?|http2|dns|dgram)\b|undici|\.)/;
  assert.deepEqual(
    places((line, { path }) => path.startsWith('src') && around.test(line)),
    [],
  );
});

test('every room is named in ARCHITECTURE.md, and there is no other', () => {
  const plan = text('ARCHITECTURE.md');
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true });
  for (const room of rooms) {
    assert.ok(room.isDirectory(), `src/${room.name} is in no room`);
    assert.match(plan, new RegExp(`^\\| \`${room.name}/\``, 'm'), `src/${room.name}`);
  }
  const known = new Set([...CODE_ROOMS, ...OTHER_ROOMS, 'dist', 'node_modules']);
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
  assert.deepEqual(
    folders.filter((name) => !known.has(name)),
    [],
  );
});

test('every kind of id is in the glossary', () => {
  const glossary = text('docs/glossary.md');
  const missing = ['evt', 'dlv', 'att', ...RECORD_PREFIXES].filter(
    (prefix) => !glossary.includes(`\`${prefix}_\``),
  );
  assert.deepEqual(missing, []);
});

test('every limit is held somewhere', () => {
  const code = sources
    .filter(({ path }) => /^(src|sdk)/.test(path) && !/\.test\.ts$|domain.limits\.ts$/.test(path))
    .map(({ lines }) => lines.join('\n'))
    .join('\n');
  const unused = Object.keys(limits).filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
  assert.deepEqual(unused, []);
});
