/**
 * The import rules of ARCHITECTURE.md are held by `.oxlintrc.json`. Here each is broken once, in a
 * small tree of its own, and must be refused; what is allowed must pass.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

interface Fixture {
  readonly rule: string;
  readonly path: string;
  readonly code: string;
}

let fixtureCount = 0;

const REFUSED: readonly Fixture[] = [
  refused('R1', 'sdk/receiver/*.ts', `import '../../src/domain/ids.ts';`),
  refused('R1', 'sdk/receiver/*.ts', `import 'zod';`),
  refused('R1', 'sdk/receiver/*.test.ts', `import '../../src/accept/publication.ts';`),
  refused('R2', 'src/domain/*.ts', `import 'node:fs';`),
  refused('R2', 'src/domain/*.ts', `import 'zod';`),
  refused('R2', 'src/domain/*.ts', `import type { Clock } from '../runtime/clock.ts';`),
  refused('R2', 'src/domain/*.ts', `export const now = () => Date.now();`),
  refused('R2', 'src/domain/*.ts', `export const now = () => globalThis.performance.now();`),
  refused('R2', 'src/domain/*.ts', `export const later = setTimeout;`),
  refused('R2', 'src/protocol/*.ts', `import '../domain/ids.ts';`),
  refused('R2', 'src/protocol/schemes/*.ts', `import '../../domain/ids.ts';`),
  refused('R2', 'src/protocol/inbound/code/*.ts', `import '../../../domain/ids.ts';`),
  refused('Random', 'src/protocol/*.ts', `export const unit = () => Math.random();`),
  refused('R3', 'src/dispatch/*.ts', `import '../storage/sqlite/store.ts';`),
  refused('R3', 'src/dispatch/*.ts', `import '../storage/memory/store.ts';`),
  refused('R3', 'src/accept/*.ts', `import '../egress/egress.ts';`),
  refused('R3', 'src/dispatch/*.ts', `import '../destinations/webhook/webhook.ts';`),
  refused('R3', 'src/observe/*.ts', `import '../runtime/system.ts';`),
  refused('Clock', 'src/dispatch/*.ts', `export const now = () => Date.now();`),
  refused('R4', 'src/api/*.ts', `import '../dispatch/dispatcher.ts';`),
  refused('R4', 'src/api/inbound/*.ts', `import '../../ingest/front-door.ts';`),
  refused('R4', 'src/api/*.ts', `import '../storage/sqlite/store.ts';`),
  refused('R4', 'src/api/events/*.ts', `export * from '../../accept/publisher.ts';`),
  refused('R4', 'src/storage/memory/*.ts', `import '../sqlite/rows.ts';`),
  refused('R4', 'src/destinations/webhook/*.ts', `import '../../egress/client.ts';`),
  refused('R4', 'src/destinations/webhook/*.ts', `import '../../transform/pool.ts';`),
  refused('R3', 'src/dispatch/*.ts', `import '../transform/pool.ts';`),
  refused('R2', 'src/domain/filter/*.ts', `import '../../runtime/clock.ts';`),
  refused('R4', 'src/storage/*.ts', `import '../app/config.ts';`),
  refused('R4', 'src/cli/*.ts', `import '../storage/sqlite/store.ts';`),
  refused('R5', 'src/accept/*.ts', `import '../dispatch/delivery-control.ts';`),
  refused('R5', 'src/ingest/*.ts', `import '../api/problems.ts';`),
  refused('R8', 'src/ingest/*.ts', `import { createServer } from 'node:http';`),
  refused('R5', 'src/dispatch/*.ts', `import '../observe/log.ts';`),
  refused('R5', 'src/observe/*.ts', `import type { A } from '../accept/publisher.ts';`),
  refused('R4', 'src/api/*.ts', `import '../poll/poller.ts';`),
  refused('R5', 'src/poll/*.ts', `import '../hydrate/ports.ts';`),
  refused('R5', 'src/hydrate/*.ts', `import '../poll/select.ts';`),
  refused('R3', 'src/poll/*.ts', `import '../egress/egress.ts';`),
  refused('R6', 'src/dispatch/*.ts', `import '../testing/simulated-clock.ts';`),
  refused('R6', 'src/app/*.ts', `import '../testing/fake-receiver.ts';`),
  refused('R6', 'src/egress/*.ts', `import './testing/servers.ts';`),
  refused('R6', 'src/storage/sqlite/*.ts', `import '../contract/harness.ts';`),
  refused('cycle', 'src/storage/x.ts', `import type { Y } from './y.ts';\nexport type X = Y;`),
  refused('cycle', 'src/storage/y.ts', `import type { X } from './x.ts';\nexport type Y = X;`),
  refused('R8', 'src/api/*.ts', `import { request } from 'node:http';`),
  refused('R8', 'src/api/*.ts', `import 'undici';`),
  refused('R8', 'src/storage/*.ts', `import { connect } from 'node:net';`),
  refused('R8', 'src/dispatch/*.ts', `import { lookup } from 'node:dns/promises';`),
  refused('R8', 'src/destinations/*.ts', `export const get = () => fetch('https://x.example');`),
  refused('R8', 'src/app/*.ts', `export const get = () => globalThis.fetch('https://x.example');`),
  refused('R8', 'src/dispatch/*.ts', `import { connect } from 'amqplib';`),
  refused('R8', 'src/destinations/*.ts', `import { createClient } from 'redis';`),
  refused('R8', 'src/cli/*.ts', `import * as http from 'node:http';`),
];

const ALLOWED: readonly Omit<Fixture, 'rule'>[] = [
  { path: 'sdk/client/ok.ts', code: `export { a } from '../../src/protocol/hmac.ts';` },
  { path: 'src/domain/ok.ts', code: `export { createHmac } from 'node:crypto';` },
  { path: 'src/domain/ok2.ts', code: `export * from '../protocol/hmac.ts';` },
  { path: 'src/protocol/schemes/ok.ts', code: `export * from '../hmac.ts';` },
  { path: 'src/dispatch/ok.ts', code: `export * from '../storage/journal.ts';` },
  { path: 'src/dispatch/ok2.ts', code: `export * from '../destinations/destination.ts';` },
  { path: 'src/dispatch/ok3.ts', code: `export * from '../accept/publication.ts';` },
  { path: 'src/destinations/webhook/ok.ts', code: `export * from '../../egress/port.ts';` },
  { path: 'src/destinations/webhook/ok2.ts', code: `export * from '../../transform/port.ts';` },
  { path: 'src/destinations/nats/ok.ts', code: `export const load = () => import('redis');` },
  { path: 'src/domain/filter/ok.ts', code: `export * from '../limits.ts';` },
  { path: 'src/egress/ok.ts', code: `export { connect } from 'node:net';` },
  { path: 'src/poll/ok.ts', code: `export * from '../domain/poll/state.ts';` },
  { path: 'src/api/ok-poll.ts', code: `export * from '../poll/select.ts';` },
  { path: 'src/api/inbound/ok.ts', code: `export * from '../../ingest/port.ts';` },
  { path: 'src/api/ok.ts', code: `export * from '../dispatch/delivery-control.ts';` },
  { path: 'src/app/ok.ts', code: `export * from '../storage/sqlite/store.ts';` },
  { path: 'src/cli/ok.ts', code: `export { createServer } from 'node:http';` },
  { path: 'src/dispatch/ok.test.ts', code: `export * from '../testing/simulated-clock.ts';` },
  { path: 'src/egress/testing/ok.ts', code: `export { createServer } from 'node:net';` },
];

const tree = mkdtempSync(join(tmpdir(), 'bellwire-lint-'));
after(() => rmSync(tree, { recursive: true }));
const findings = lint([...REFUSED, ...ALLOWED]);

for (const { rule, path, code } of REFUSED) {
  test(`${rule} refuses in ${dirname(path)}: ${code.split('\n')[0]}`, () => {
    assert.match(findings.get(path) ?? 'nothing', new RegExp(rule));
  });
}

test('what the rules allow passes', () => {
  const wronglyRefused = ALLOWED.filter(({ path }) => findings.has(path));
  assert.deepEqual(
    wronglyRefused.map(({ path }) => `${path}: ${findings.get(path)}`),
    [],
  );
});

/** @param path a star becomes a number, so that no two fixtures share a file. */
function refused(rule: string, path: string, code: string): Fixture {
  fixtureCount += 1;
  return { rule, path: path.replace('*', `fixture${fixtureCount}`), code };
}

/** @returns messages by file, of the rules about imports and globals. */
function lint(fixtures: readonly Omit<Fixture, 'rule'>[]): Map<string, string> {
  const root = join(import.meta.dirname, '..');
  cpSync(join(root, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
  cpSync(join(root, 'tsconfig.json'), join(tree, 'tsconfig.json'));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const { path, code } of fixtures) {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    writeFileSync(join(tree, path), `${code}\n`);
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const result = spawnSync(process.execPath, [oxlint, '-f', 'json'], {
    cwd: tree,
    encoding: 'utf8',
  });
  const { diagnostics }: Report = JSON.parse(result.stdout);
  const byFile = new Map<string, string>();
  for (const { filename, code, message, help } of diagnostics) {
    if (!/no-restricted|no-cycle/.test(code)) continue;
    byFile.set(filename, `${byFile.get(filename) ?? ''}${code} ${message} ${help}\n`);
  }
  return byFile;
}

interface Report {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly code: string;
    readonly message: string;
    readonly help?: string;
  }[];
}
