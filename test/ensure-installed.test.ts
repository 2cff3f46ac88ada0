/** `bin/ensure-installed.mjs`, run as npm runs it, in a folder with made-up packages. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

type Packages = Record<string, { version?: string; dev?: true; optional?: true }>;

const LOCKED: Packages = {
  '': {},
  'node_modules/server': { version: '1.0.0' },
  'node_modules/linter': { version: '2.0.0', dev: true },
  'node_modules/for-macs': { version: '3.0.0', optional: true },
};
const INSTALLED: Packages = {
  'node_modules/server': { version: '1.0.0' },
  'node_modules/linter': { version: '2.0.0', dev: true },
};
const SERVER_ONLY: Packages = { 'node_modules/server': { version: '1.0.0' } };

function setup(t: TestContext, installed?: Packages) {
  const root = mkdtempSync(join(tmpdir(), 'bellwire-install-'));
  t.after(() => rmSync(root, { recursive: true }));
  cpSync(join(import.meta.dirname, '../bin/ensure-installed.mjs'), join(root, 'bin/ensure.mjs'));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: LOCKED }));
  const npm = join(root, 'npm-cli.js');
  if (installed !== undefined) {
    mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
    const lockfile = JSON.stringify({ packages: installed });
    writeFileSync(join(root, 'node_modules/.package-lock.json'), lockfile);
  }
  return {
    root,
    run: (parameters: readonly string[] = ['--dev'], npmExit = 0) => {
      writeFileSync(npm, `console.log('ran', ...process.argv.slice(2)); process.exit(${npmExit});`);
      return spawnSync(process.execPath, [join(root, 'bin/ensure.mjs'), ...parameters], {
        encoding: 'utf8',
        env: { ...process.env, npm_execpath: npm, npm_node_execpath: process.execPath },
      });
    },
  };
}

test('says nothing and installs nothing when what is locked is installed', (t) => {
  const { status, stdout } = setup(t, INSTALLED).run();
  assert.deepEqual([status, stdout], [0, '']);
});

const OUTDATED: readonly (readonly [string, Packages | undefined, RegExp])[] = [
  ['nothing is installed', undefined, /nothing is installed yet/],
  ['a package is missing', SERVER_ONLY, /linter 2\.0\.0 is missing/],
  [
    'a package is older',
    { ...INSTALLED, 'node_modules/server': { version: '0.9.0' } },
    /server 1\.0\.0 is missing/,
  ],
  [
    'an optional package is older',
    { ...INSTALLED, 'node_modules/for-macs': { version: '2.9.0' } },
    /for-macs 2\.9\.0 is no longer wanted/,
  ],
  [
    'a package is no longer locked',
    { ...INSTALLED, 'node_modules/left': { version: '1.0.0' } },
    /left 1\.0\.0 is no longer wanted/,
  ],
];
for (const [what, installed, why] of OUTDATED) {
  test(`installs with npm ci, and says why, when ${what}`, (t) => {
    const { status, stdout } = setup(t, installed).run();
    assert.equal(status, 0);
    assert.match(stdout, why);
    assert.match(stdout, /ran ci --no-audit --no-fund --loglevel=error/);
  });
}

test('starting the server does not ask for the tools of developers', (t) => {
  assert.equal(setup(t, SERVER_ONLY).run([]).stdout, '');
});

test('starting the server installs no tools of developers', (t) => {
  assert.match(setup(t).run([]).stdout, /ran ci .*--omit=dev$/m);
});

test('a failed install ends it with the exit code of npm', (t) => {
  const { status, stderr } = setup(t).run([], 3);
  assert.equal(status, 3);
  assert.match(stderr, /npm ci failed/);
});

test('a Node from npm that has no link gets one, as npm 10 leaves it out', (t) => {
  const { root, run } = setup(t, INSTALLED);
  const folder = join(root, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node'));
  const { status, stdout } = run();
  assert.deepEqual([status, stdout], [0, '']);
  assert.equal(realpathSync(join(root, 'node_modules/.bin/node')), realpathSync(process.execPath));
});

test('a Node from npm that does not run here makes way for the one of the machine', (t) => {
  const { root, run } = setup(t, INSTALLED);
  const pinned = join(root, 'node_modules/.bin/node');
  writeFileSync(pinned, '#!/no/such/loader\n');
  chmodSync(pinned, 0o755);
  const { status, stdout } = run();
  assert.equal(status, 0);
  assert.match(stdout, /using yours instead/);
  assert.equal(existsSync(pinned), false);
});
