/** What the docs claim and a program can check. `docs-generated.test.ts` writes whole pages. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const ROOMS_WITH_DOCS = ['.', 'bench', 'docs', 'examples', 'openapi', 'sdk', 'src', 'test'];

interface Page {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, object>>;
}

const pages: readonly Page[] = ROOMS_WITH_DOCS.flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: room !== '.', encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(room, path))
    .map((path) => ({ path, text: read(path) })),
);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** All first groups of a pattern, in all pages: `[page, group]`. */
function allOf(pattern: RegExp): (readonly [page: string, group: string])[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => [path, match[1] ?? ''] as const),
  );
}

test('every relative link leads somewhere', () => {
  const links = allOf(/\]\((?!https?:|#|mailto:)([^)\s#]+)[^)]*\)/g);
  const broken = links.filter(([page, link]) => !existsSync(join(ROOT, dirname(page), link)));
  assert.ok(links.length > 30, `found only ${links.length} links`);
  assert.deepEqual(broken, []);
});

test('every npm command in the docs is a script', () => {
  const { scripts }: Manifest = JSON.parse(read('package.json'));
  const commands = allOf(/\bnpm (?:run ([\w:-]+)|(?:start|test)\b)/g);
  const unknown = commands.filter(([, name]) => name !== '' && scripts[name] === undefined);
  assert.deepEqual(unknown, []);
  for (const name of ['start', 'test']) assert.ok(scripts[name], name);
});

test('the file that a script starts is there', () => {
  const { scripts }: Manifest = JSON.parse(read('package.json'));
  const started = Object.values(scripts).flatMap((command) =>
    [...command.matchAll(/\bnode ([\w./-]+\.(?:ts|mjs))/g)].map((match) => match[1] ?? ''),
  );
  assert.ok(started.length > 5);
  assert.deepEqual(
    started.filter((file) => !existsSync(join(ROOT, file))),
    [],
  );
});

test('every quoted piece of code stands in the file it is quoted from', () => {
  const quote = /<!-- from (\S+) -->\n```\w+\n([\s\S]*?)```/g;
  const quotes = pages.flatMap(({ path, text }) =>
    [...text.matchAll(quote)].map(([, file = '', code = '']) => ({ path, file, code })),
  );
  assert.ok(quotes.length >= 3);
  for (const { path, file, code } of quotes) {
    // Users import the package by its name.
    const source = read(file).replaceAll(/'[./]+\/sdk\/(\w+)\/index\.ts'/g, "'bellwire/$1'");
    assert.ok(source.includes(code), `${path} quotes ${file} wrongly`);
  }
});

test('the page about the tables names every table, index and file of the schema', () => {
  const folder = 'src/storage/sqlite';
  const page = read(`${folder}/README.md`);
  const names = readdirSync(join(ROOT, folder, 'migrations')).flatMap((file) =>
    // A `new_` table takes the name of the one it replaces.
    [
      ...read(`${folder}/migrations/${file}`).matchAll(/^create (?:table|index) (?!new_)(\w+)/gm),
    ].map((match) => match[1] ?? ''),
  );
  assert.ok(names.length > 10);
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('every setting that the docs name exists', async () => {
  const { SETTINGS, envName } = await import('../src/app/config.ts');
  const known = new Set(SETTINGS.flatMap((name) => [envName(name), `${envName(name)}_FILE`]));
  const named = allOf(/\b(BELLWIRE_[A-Z_]+)/g).filter(([page]) => !/^(sdk|examples)/.test(page));
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter(([, name]) => !known.has(name) && !name.endsWith('_')),
    [],
  );
});

test('every route that the docs name is in the OpenAPI document', () => {
  const { paths }: OpenApi = JSON.parse(read('openapi/bellwire.json'));
  const known = Object.keys(paths).map(
    (path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, String.raw`[^/]+`)}$`),
  );
  const named = allOf(/(\/v1\/[^\s`'"?)|,]+)/g).filter(([page]) => !page.startsWith('docs/errors'));
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter(([, route]) => !known.some((pattern) => pattern.test(route))),
    [],
  );
});
