import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  configSchema,
  ConfigError,
  describeConfig,
  envName,
  flagName,
  loadConfig,
  SETTINGS,
  unknownEnvironment,
  type ConfigSources,
} from './config.ts';

const SECRET = 'a-secret-of-the-operator';

function load(sources: Partial<ConfigSources> = {}) {
  return loadConfig({ flags: {}, env: {}, ...sources });
}

/** A file of that text that ends with the test. */
function fileWith(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'bellwire-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'settings');
  writeFileSync(file, text);
  return file;
}

/** The message of the ConfigError that these settings cause. */
function mistake(sources: Partial<ConfigSources>): string {
  try {
    load(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('the settings were taken');
}

test('without any settings the defaults of the documentation hold', () => {
  assert.deepEqual(load(), {
    host: '127.0.0.1',
    port: 8420,
    data: './.bellwire',
    lost_secrets: 'refuse',
    node_lease_seconds: 10,
    retention_days: 30,
    allow_targets: '',
    trusted_proxies: '',
    egress_ips: '',
    log_level: 'info',
  });
});

test('a flag wins over the environment, which wins over the file', (t) => {
  const file = fileWith(t, JSON.stringify({ host: 'file', port: 1, data: 'file' }));
  const env = { BELLWIRE_HOST: 'env', BELLWIRE_PORT: '2' };
  const { host, port, data } = load({ flags: { host: 'flag' }, env, file });
  assert.deepEqual({ host, port, data }, { host: 'flag', port: 2, data: 'file' });
});

test('every setting can come from its flag, its environment variable and the file', (t) => {
  const texts: Readonly<Record<string, string>> = {
    port: '1234',
    public_url: 'https://hooks.example.com',
    database_url: 'postgresql://bellwire:secret@db.example.com/bellwire',
    trusted_proxies: '10.0.0.0/8, ::1',
    egress_ips: '203.0.113.7',
    node_lease_seconds: '20',
    retention_days: '7',
    log_level: 'warn',
    lost_secrets: 'disable',
  };
  for (const setting of SETTINGS) {
    const text = texts[setting] ?? SECRET;
    const expected = /^\d+$/.test(text) ? Number(text) : text;
    const file = fileWith(t, JSON.stringify({ [setting]: expected }));
    assert.equal(load({ flags: { [setting]: text } })[setting], expected);
    assert.equal(load({ env: { [envName(setting)]: text } })[setting], expected);
    assert.equal(load({ file })[setting], expected);
  }
});

test('every setting says what it is for', () => {
  for (const setting of SETTINGS) {
    assert.ok(configSchema.shape[setting].description, `${setting} has a description`);
  }
});

test('an empty variable counts as absent', () => {
  assert.equal(load({ env: { BELLWIRE_HOST: '', BELLWIRE_ADMIN_KEY: '' } }).host, '127.0.0.1');
  assert.equal(load({ env: { BELLWIRE_ADMIN_KEY: '' } }).admin_key, undefined);
});

test('a secret may come from a file that _FILE names, without the line end', (t) => {
  const file = fileWith(t, `${SECRET}\n`);
  const config = load({ env: { BELLWIRE_ADMIN_KEY_FILE: file, BELLWIRE_MASTER_KEY_FILE: file } });
  assert.equal(config.admin_key, SECRET);
  assert.equal(config.master_key, SECRET);
});

test('a variable wins over its _FILE, unless it is empty', (t) => {
  const file = fileWith(t, SECRET);
  const withFile = (text: string) =>
    load({ env: { BELLWIRE_ADMIN_KEY: text, BELLWIRE_ADMIN_KEY_FILE: file } }).admin_key;
  assert.equal(withFile('another-secret-of-theirs'), 'another-secret-of-theirs');
  assert.equal(withFile(''), SECRET);
});

test('only secrets have a _FILE', (t) => {
  const file = fileWith(t, '0.0.0.0');
  assert.equal(load({ env: { BELLWIRE_HOST_FILE: file } }).host, '127.0.0.1');
});

test('a _FILE that can not be read is named with its variable', () => {
  const message = mistake({ env: { BELLWIRE_ADMIN_KEY_FILE: '/nowhere/key' } });
  assert.match(message, /\/nowhere\/key \(BELLWIRE_ADMIN_KEY_FILE\) can't be read/);
});

test('a mistake names the flag and the variable of the setting', () => {
  for (const [setting, text] of [
    ['port', 'eighty'] as const,
    ['port', '65536'] as const,
    ['log_level', 'loud'] as const,
    ['public_url', 'nowhere'] as const,
    ['admin_key', 'short'] as const,
    ['database_url', 'mysql://bellwire:secret@db.example.com/bellwire'] as const,
    ['admin_key', 'no header holds it like this'] as const,
  ]) {
    for (const sources of [{ flags: { [setting]: text } }, { env: { [envName(setting)]: text } }]) {
      const message = mistake(sources);
      assert.ok(message.includes(`${flagName(setting)} (${envName(setting)}): `), message);
    }
  }
});

test('nothing but a number is a port: not a blank, not null, not hexadecimal', (t) => {
  for (const text of [' ', '0x50', '1e3', '-1', '80.5']) {
    assert.match(mistake({ flags: { port: text } }), /--port \(BELLWIRE_PORT\)/);
  }
  for (const value of [null, false, 80.5]) {
    const file = fileWith(t, JSON.stringify({ port: value }));
    assert.match(mistake({ file }), /--port \(BELLWIRE_PORT\)/);
  }
  assert.equal(load({ flags: { port: '0' } }).port, 0);
});

test('all mistakes are told at once', () => {
  const message = mistake({ flags: { port: 'x', log_level: 'y' } });
  assert.ok(message.includes('--port') && message.includes('--log-level'), message);
});

test('a mistake never shows the secret it is about', () => {
  assert.equal(mistake({ env: { BELLWIRE_ADMIN_KEY: 'hunter2' } }).includes('hunter2'), false);
});

test('a file that is missing, no JSON, no object or has an unknown key is refused', (t) => {
  assert.match(mistake({ file: '/nowhere.json' }), /\/nowhere\.json \(--config\) can't be read/);
  for (const text of ['{', '[]', 'null', '"text"']) {
    assert.match(mistake({ file: fileWith(t, text) }), /must hold one JSON object/);
  }
  assert.match(mistake({ file: fileWith(t, '{"prot":1}') }), /prot/);
});

test('variables that nobody reads are found', () => {
  const env = {
    BELLWIRE_HOST: 'x',
    BELLWIRE_MASTER_KEY_FILE: 'x',
    BELLWIRE_PROT: '1',
    BELLWIRE_HOST_FILE: 'x',
    PATH: 'x',
  };
  assert.deepEqual(unknownEnvironment(env), ['BELLWIRE_PROT', 'BELLWIRE_HOST_FILE']);
});

test('shown settings hold secrets only as being configured', () => {
  const shown = describeConfig(load({ flags: { admin_key: SECRET, host: '::1' } }));
  assert.deepEqual(Object.keys(shown), SETTINGS);
  const { host, admin_key, master_key, public_url } = shown;
  assert.deepEqual(
    { host, admin_key, master_key, public_url },
    { host: '::1', admin_key: '(configured)', master_key: null, public_url: null },
  );
  assert.equal(JSON.stringify(shown).includes(SECRET), false);
});
