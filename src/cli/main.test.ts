import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SETTINGS, flagName } from '../app/config.ts';
import { main } from './main.ts';

const DONE = 0;
const WRONG_USAGE = 2;
const ADMIN_KEY = 'an-admin-key-of-the-operator';

interface Run {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command in an environment with these variables and no other of ours. */
async function run(
  t: TestContext,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const before = process.env;
  const foreign = Object.entries(before).filter(([name]) => !name.startsWith('BELLWIRE_'));
  process.env = { ...Object.fromEntries(foreign), ...variables };
  const output: string[] = [];
  const errors: string[] = [];
  const mocks = [
    t.mock.method(console, 'log', (line: unknown) => output.push(String(line))),
    t.mock.method(console, 'error', (line: unknown) => errors.push(String(line))),
    // Commander writes there by itself.
    t.mock.method(process.stderr, 'write', (text: unknown) => errors.push(String(text)) > 0),
  ];
  try {
    const code = await main(args);
    return { code, output: output.join('\n'), errors: errors.join('\n') };
  } finally {
    for (const { mock } of mocks) mock.restore();
    process.env = before;
  }
}

test('config check passes right settings', async (t) => {
  const { code, output, errors } = await run(t, ['config', 'check', '--port', '9000']);
  assert.deepEqual({ code, errors }, { code: DONE, errors: '' });
  assert.equal(output, 'The configuration is fine.');
});

test('config check refuses a wrong setting as wrong usage and names it', async (t) => {
  for (const [args, variables] of [
    [['--port', 'eighty'], {}] as const,
    [[], { BELLWIRE_PORT: 'eighty' }] as const,
  ]) {
    const { code, output, errors } = await run(t, ['config', 'check', ...args], variables);
    assert.equal(code, WRONG_USAGE);
    assert.equal(output, '');
    assert.match(errors, /--port \(BELLWIRE_PORT\): /);
  }
});

test('config print --json prints one object with every setting in effect', async (t) => {
  const { code, output } = await run(t, ['config', 'print', '--json', '--host', '::1'], {
    BELLWIRE_HOST: 'ignored',
    BELLWIRE_LOG_LEVEL: 'warn',
  });
  assert.equal(code, DONE);
  const shown: unknown = JSON.parse(output);
  assert.deepEqual(shown, {
    host: '::1',
    port: 8420,
    data: './.bellwire',
    database_url: null,
    node_lease_seconds: 10,
    retention_days: 30,
    admin_key: null,
    master_key: null,
    lost_secrets: 'refuse',
    allow_targets: '',
    public_url: null,
    trusted_proxies: '',
    tls_cert_file: null,
    tls_key_file: null,
    tls_client_ca_file: null,
    egress_ips: '',
    log_level: 'warn',
  });
});

test('config print never shows a secret, in either form', async (t) => {
  for (const form of [[], ['--json']]) {
    const { output, errors } = await run(t, ['config', 'print', ...form], {
      BELLWIRE_ADMIN_KEY: ADMIN_KEY,
    });
    assert.match(output, /admin_key"?:.?"?\(configured\)/);
    assert.equal((output + errors).includes(ADMIN_KEY), false);
  }
});

test('config print gives one line for each setting', async (t) => {
  const { output } = await run(t, ['config', 'print']);
  assert.deepEqual(
    output.split('\n').map((line) => line.split(':', 1)[0]),
    SETTINGS,
  );
});

test('every setting is a flag of every command that reads settings', async (t) => {
  const values: Readonly<Record<string, string>> = {
    port: '1',
    public_url: 'https://a.test',
    trusted_proxies: '10.0.0.0/8',
    database_url: 'postgres://db.test/bellwire',
    log_level: 'warn',
    lost_secrets: 'disable',
    node_lease_seconds: '20',
    egress_ips: '203.0.113.7',
    retention_days: '30',
  };
  const flags = SETTINGS.flatMap((name) => [flagName(name), values[name] ?? ADMIN_KEY]);
  assert.equal((await run(t, ['config', 'check', ...flags])).code, DONE);
});

test('an unknown flag, command or a flag without its value is wrong usage', async (t) => {
  for (const args of [
    ['config', 'check', '--prot', '1'],
    ['config', 'check', '--port'],
    ['config', 'chekc'],
    ['srever'],
    ['dev', '--nonsense'],
  ]) {
    const { code, errors } = await run(t, args);
    assert.equal(code, WRONG_USAGE, args.join(' '));
    assert.match(errors, /error: /);
  }
});

test('a variable that nobody reads is mentioned and does no harm', async (t) => {
  const { code, errors } = await run(t, ['config', 'check'], { BELLWIRE_PROT: '1' });
  assert.equal(code, DONE);
  assert.match(errors, /BELLWIRE_PROT is not a setting/);
});

test('a configuration file that is not there is wrong usage', async (t) => {
  const { code, errors } = await run(t, ['config', 'check', '--config', '/nowhere.json']);
  assert.equal(code, WRONG_USAGE);
  assert.match(errors, /\/nowhere\.json \(--config\) can't be read/);
});

test('serve without a master key is wrong usage and leaves no key behind', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'bellwire-cli-'));
  t.after(() => rmSync(data, { recursive: true }));
  const { code, errors } = await run(t, ['serve', '--data', data, '--port', '0']);
  assert.equal(code, WRONG_USAGE);
  assert.match(errors, /openssl rand -base64 32/);
  assert.deepEqual(readdirSync(data), []);
});
