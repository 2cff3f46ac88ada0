/**
 * Runs the SDK's and the protocol's tests as compiled JavaScript on the machine's own Node, as
 * its users have it: the SDK promises Node ≥ 20, while this repository runs on a newer one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runPacked } from './contract/packed-package.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const OUT = path.join(ROOT, 'dist');
const NODE_MODULES = path.join(ROOT, 'node_modules');
/**
 * They take about a minute. Once in many runs a process of Node 20 stands still while it ends, all
 * its tests passed, and the runner waits for it: seen on 20.20.2, without any use of the processor.
 */
const LIMIT_MS = 180_000;
const OLDEST_NODE = 20;

interface SystemNode {
  readonly file: string;
  readonly version: string;
}

function systemNode(): SystemNode | undefined {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
    if (folder === '' || !existsSync(file)) continue;
    // npm puts the pinned Node in front of the PATH; it is the one not meant here.
    const real = realpathSync(file);
    if (real.startsWith(NODE_MODULES + path.sep) || real === realpathSync(process.execPath))
      continue;
    const version = spawnSync(real, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
    if (Number(/^v(\d+)\./.exec(version)?.[1]) >= OLDEST_NODE) return { file: real, version };
  }
  return undefined;
}

/** The status a shell would give: a signal counts as a failure. Undefined when time ran out. */
function attempt(
  file: string,
  parameters: readonly string[],
  limitMs?: number,
): number | undefined {
  const environment = { ...process.env };
  // Set inside a test runner, it would make the one below answer in a machine's language.
  delete environment.NODE_TEST_CONTEXT;
  // Options for the pinned Node may be unknown to another.
  delete environment.NODE_OPTIONS;
  const result = spawnSync(file, parameters, {
    cwd: ROOT,
    stdio: 'inherit',
    env: environment,
    ...(limitMs !== undefined && { timeout: limitMs, killSignal: 'SIGKILL' }),
  });
  const isTimeUp =
    result.error !== undefined && 'code' in result.error && result.error.code === 'ETIMEDOUT';
  return isTimeUp ? undefined : (result.status ?? 1);
}

function run(file: string, parameters: readonly string[]): number {
  return attempt(file, parameters) ?? 1;
}

function build(): number {
  for (const folder of ['sdk', 'src/protocol']) {
    rmSync(path.join(OUT, folder), { recursive: true, force: true });
  }
  const compiler = path.join(NODE_MODULES, 'typescript', 'bin', 'tsc');
  return run(process.execPath, [compiler, '-p', path.join(ROOT, 'sdk', 'tsconfig.build.json')]);
}

function main(): number {
  const found = systemNode();
  if (found === undefined) {
    console.log(`skipped 1: SDK on the system's Node (no other Node >= ${OLDEST_NODE} in PATH)`);
    return 0;
  }
  const built = build();
  if (built !== 0) return built;
  // Node 20 does not expand patterns itself.
  const patterns = ['sdk/**/*.test.js', 'src/protocol/**/*.test.js'];
  const tests = globSync(patterns, { cwd: OUT }).map((file) => path.join(OUT, file));
  console.log(`SDK on ${found.version} (${found.file}): ${tests.length} test files`);
  if (tests.length === 0) return 1;
  const packed = runPacked(ROOT, found.file);
  if (packed !== 0) return packed;
  const parameters = ['--test', '--test-reporter=spec', ...tests.toSorted()];
  const status = attempt(found.file, parameters, LIMIT_MS);
  if (status !== undefined) return status;
  console.log(
    `Not done after ${LIMIT_MS / 1000} s: a process may have stood still at its end. Again:`,
  );
  return attempt(found.file, parameters, LIMIT_MS) ?? 1;
}

process.exitCode = main();
