/** The package as npm would pack it, in a project of its own that imports it by name. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PROGRAM = `
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Bellwire, BellwireError } from 'bellwire/client';
import * as sdk from 'bellwire/receiver';
import * as small from 'bellwire/receiver/standard';

const taken = [];
const receiver = sdk.createReceiver({
  scheme: 'github',
  secret: 'a-secret-of-at-least-sixteen-bytes',
  on: { 'github.**': (event) => { taken.push(sdk.untrustedText(event)); } },
});
const body = '{"ref":"refs/heads/main"}';
const signature = createHmac('sha256', 'a-secret-of-at-least-sixteen-bytes').update(body);
const headers = {
  'content-type': 'application/json',
  'x-github-event': 'push',
  'x-github-delivery': 'd-1',
  'x-hub-signature-256': 'sha256=' + signature.digest('hex'),
};
const request = new Request('https://example.com/hook', { method: 'POST', headers, body });
assert.equal((await receiver.fetch(request)).status, 200);
await receiver.drain();
assert.match(taken[0], /github\\.push/);
for (const name of ['sqliteDedupe', 'redisDedupe', 'postgresDedupe', 'rabbitmqQueue', 'sqsQueue',
  'kafkaQueue', 'natsQueue', 'bullmqQueue']) assert.equal(typeof sdk[name], 'function', name);
assert.equal(typeof new Bellwire({ baseUrl: 'http://x', apiKey: 'k' }).sources.create, 'function');
assert.ok(BellwireError);
assert.equal(typeof small.createReceiver({ secret: 'x'.repeat(16) }).fetch, 'function');
for (const inner of ['bellwire/dist/sdk/contract/signal.js', 'bellwire/src/app/server.ts']) {
  await assert.rejects(import(inner), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
}
console.log('the packed package works on ' + process.version);
`;

/** What a project on an edge runtime compiles: without types of Node. */
const TYPED = `
import { createReceiver, kafkaQueue, sqliteDedupe } from 'bellwire/receiver';
import type { ReceiverOptions, WebhookEvent } from 'bellwire/receiver';
import { Bellwire } from 'bellwire/client';

const on = { '**': (event: WebhookEvent) => event.trust };
const options: ReceiverOptions = { scheme: 'github', secret: 'x', on };
export const receiver = createReceiver(options);
export const used = [kafkaQueue, sqliteDedupe, Bellwire];
`;

const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'dom', 'dom.iterable'],
  types: [],
  skipLibCheck: true,
};

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

/**
 * @param root of the repository, where the SDK has been built.
 * @param node program to run it on.
 * @returns the status a shell would give.
 */
export function runPacked(root: string, node: string): number {
  const project = mkdtempSync(path.join(tmpdir(), 'bellwire-packed-'));
  try {
    for (const file of packedFiles(root)) {
      cpSync(path.join(root, file), path.join(project, 'node_modules/bellwire', file));
    }
    writeFileSync(path.join(project, 'package.json'), '{"type":"module"}');
    writeFileSync(path.join(project, 'main.js'), PROGRAM);
    writeFileSync(path.join(project, 'typed.ts'), TYPED);
    const settings = { compilerOptions: COMPILER_OPTIONS, files: ['typed.ts'] };
    writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify(settings));
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    const typed = run(process.execPath, [compiler, '-p', project], project);
    return typed === 0 ? run(node, ['main.js'], project) : typed;
  } finally {
    rmSync(project, { recursive: true });
  }
}

function packedFiles(root: string): readonly string[] {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    // On Windows npm is a script.
    shell: process.platform === 'win32',
  });
  const parsed: Packed[] | Record<string, Packed> = JSON.parse(text);
  return Object.values(parsed).flatMap(({ files }) => files.map((file) => file.path));
}

function run(file: string, parameters: readonly string[], cwd: string): number {
  return spawnSync(file, parameters, { cwd, stdio: 'inherit' }).status ?? 1;
}
