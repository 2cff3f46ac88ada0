/**
 * Runs before `npm start`, `npm test` and their like, on whatever Node ≥ 20 the machine has:
 * installs what is missing or outdated, and says in one line when no Node here can run Bellwire.
 * Plain JavaScript without dependencies, because there may be nothing else yet.
 *
 * Usage: node bin/ensure-installed.mjs [--dev]   (--dev: the tools for tests and checks, too)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where npm scripts find the Node.js that npm brought along, and the package it comes in. */
const pinnedNode = `${root}node_modules/.bin/node`;
const pinnedPackage = `node-${process.platform}-${process.arch}`;
const ownNodeIsOld = majorOf(process.version) < OLDEST_NODE;
const withTools = process.argv.includes('--dev');

/** Every package by its folder, as a lockfile of npm lists them. */
function packagesOf(lockfile) {
  return JSON.parse(readFileSync(root + lockfile, 'utf8')).packages;
}

/** Why an install is needed, or undefined. Compares what npm installed with what is locked. */
function whyInstall() {
  if (!existsSync(`${root}node_modules/.package-lock.json`)) return 'nothing is installed yet';
  const installed = packagesOf('node_modules/.package-lock.json');
  const locked = packagesOf('package-lock.json');
  for (const [folder, { version, dev, optional, devOptional }] of Object.entries(locked)) {
    // The root itself; packages for other systems; tools that an operator left out.
    if (folder === '' || optional || (!withTools && (dev || devOptional))) continue;
    if (installed[folder]?.version !== version) return `${folder} ${version} is missing`;
  }
  const nodeFolder = `node_modules/${pinnedPackage}`;
  if (ownNodeIsOld && locked[nodeFolder] && !installed[nodeFolder]) {
    return `${nodeFolder} is missing`;
  }
  for (const [folder, { version }] of Object.entries(installed)) {
    if (locked[folder]?.version !== version) return `${folder} ${version} is no longer wanted`;
  }
  return undefined;
}

/** Installs with the npm that runs this script, or with the one in the PATH. */
function install() {
  const npm = process.env.npm_execpath;
  const known = npm?.endsWith('npm-cli.js') && process.env.npm_node_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // Tests judge by the packages of many providers; who only starts the server need not wait.
  if (!withTools) args.push('--omit=dev');
  const result = known
    ? spawnSync(process.env.npm_node_execpath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: true });
  return result.status ?? 1;
}

function majorOf(version) {
  return Number(/^v?(\d+)\./.exec(version ?? '')?.[1] ?? 0);
}

/**
 * npm up to version 10 links no `.bin/node` on x64: two packages of the lockfile have a program of
 * that name, and it takes the first one, which is for another processor and never installed.
 */
function linkPinnedNode() {
  const program = `${pinnedPackage}/bin/node`;
  if (existsSync(pinnedNode) || !existsSync(`${root}node_modules/${program}`)) return;
  symlinkSync(`../${program}`, pinnedNode);
}

/** Whether `node`, as an npm script finds it, can run Bellwire. */
function nodeWillDo() {
  if (!existsSync(pinnedNode)) return !ownNodeIsOld;
  const pinned = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (majorOf(pinned.stdout) >= OLDEST_NODE) return true;
  if (ownNodeIsOld) return false;
  console.log('The Node.js that npm installed does not run here (musl?); using yours instead.');
  unlinkSync(pinnedNode);
  return true;
}

const why = whyInstall();
if (why !== undefined) {
  console.log(`Installing with npm ci: ${why}.`);
  const status = install();
  if (status !== 0) {
    console.error('npm ci failed; the lines above say why. Nothing was started.');
    process.exit(status);
  }
}
linkPinnedNode();
if (!nodeWillDo()) {
  console.error(
    `Bellwire needs Node.js ${OLDEST_NODE} or newer; this is ${process.version} on ` +
      `${process.platform} ${process.arch}, and npm brought no other (it can on Linux x64 and ` +
      'arm64). Install Node.js 24 from https://nodejs.org and run this again.',
  );
  process.exit(1);
}
