import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { looksLikeApiKey } from '../domain/api-key.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { loadConfig, type Config } from './config.ts';
import { keptText, loadKeys } from './keys.ts';

const MASTER_KEY = Buffer.alloc(32, 1).toString('base64');
const SECOND_MASTER_KEY = Buffer.alloc(32, 2).toString('base64');
const ADMIN_KEY = 'an admin key of the operator';

/** A data directory that does not exist yet and ends with the test. */
function setup(t: TestContext) {
  const parent = mkdtempSync(join(tmpdir(), 'bellwire-keys-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const data = join(parent, 'data', 'of', 'bellwire');
  const config = (settings: Partial<Config> = {}): Config => ({
    ...loadConfig({ flags: { data }, env: {} }),
    ...settings,
  });
  return { data, config, file: (name: string) => join(data, name) };
}

/** Makes the directory, with the keys of a first start in it. */
function makeDirectory(data: string, config: () => Config): void {
  loadKeys(config(), 'dev', new SeededRandom(1));
  assert.equal(existsSync(data), true);
}

function permissions(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test('dev makes both keys at the first start, readable by their owner alone', (t) => {
  const { data, config, file } = setup(t);
  const keys = loadKeys(config(), 'dev', new SeededRandom(1));
  assert.equal(looksLikeApiKey(keys.adminKey), true);
  assert.equal(keys.masterKeys.length, 1);
  assert.deepEqual(keys.written.toSorted(), [file('admin-key'), file('master-key')]);
  assert.equal(permissions(data), '700');
  for (const path of keys.written) assert.equal(permissions(path), '600');
});

test('later starts read the same keys and write nothing', (t) => {
  const { config } = setup(t);
  const first = loadKeys(config(), 'dev', new SeededRandom(1));
  const second = loadKeys(config(), 'dev', new SeededRandom(2));
  assert.deepEqual({ ...second, written: first.written }, first);
  assert.deepEqual(second.written, []);
});

test('configured keys win over those in files, and are not written', (t) => {
  const { config, file } = setup(t);
  loadKeys(config(), 'dev', new SeededRandom(1));
  const kept = readFileSync(file('admin-key'), 'utf8');
  const configured = config({ admin_key: ADMIN_KEY, master_key: MASTER_KEY });
  const keys = loadKeys(configured, 'dev', new SeededRandom(2));
  assert.equal(keys.adminKey, ADMIN_KEY);
  assert.deepEqual(Buffer.from(keys.masterKeys[0]?.key ?? []).toString('base64'), MASTER_KEY);
  assert.deepEqual(keys.written, []);
  assert.equal(readFileSync(file('admin-key'), 'utf8'), kept);
});

test('a comma list gives several master keys, the sealing one first', (t) => {
  const { config } = setup(t);
  const master_key = `${SECOND_MASTER_KEY},${MASTER_KEY}`;
  const { masterKeys } = loadKeys(config({ master_key }), 'serve', new SeededRandom(1));
  assert.deepEqual(
    masterKeys.map(({ key }) => Buffer.from(key).toString('base64')),
    [SECOND_MASTER_KEY, MASTER_KEY],
  );
});

test('serve requires a master key, even where dev has left one', (t) => {
  const { config } = setup(t);
  loadKeys(config(), 'dev', new SeededRandom(1));
  assert.throws(() => loadKeys(config(), 'serve', new SeededRandom(1)), {
    name: 'ConfigError',
    message: /BELLWIRE_MASTER_KEY is not set.*openssl rand -base64 32/,
  });
});

test('serve makes an admin key, but no master key', (t) => {
  const { config, file } = setup(t);
  const keys = loadKeys(config({ master_key: MASTER_KEY }), 'serve', new SeededRandom(1));
  assert.deepEqual(keys.written, [file('admin-key')]);
  assert.equal(existsSync(file('master-key')), false);
});

test('on a database, serve makes no keys that other nodes would not know', (t) => {
  const { config, data } = setup(t);
  const database_url = 'postgres://db.test/bellwire';
  const attempt = (settings: Partial<Config>) => () =>
    loadKeys(config({ database_url, ...settings }), 'serve', new SeededRandom(1));
  assert.throws(attempt({}), /BELLWIRE_ADMIN_KEY and BELLWIRE_MASTER_KEY must be set.*every node/s);
  assert.throws(attempt({ admin_key: ADMIN_KEY }), /^ConfigError: BELLWIRE_MASTER_KEY must be set/);
  assert.throws(
    attempt({ master_key: MASTER_KEY }),
    /^ConfigError: BELLWIRE_ADMIN_KEY must be set/,
  );
  assert.equal(existsSync(data), false);
  const { written } = attempt({ admin_key: ADMIN_KEY, master_key: MASTER_KEY })();
  assert.deepEqual(written, []);
});

test('a start that fails over the master key leaves no admin key nobody was told of', (t) => {
  const { config, file } = setup(t);
  for (const settings of [{}, { master_key: 'not base64' }]) {
    assert.throws(() => loadKeys(config(settings), 'serve', new SeededRandom(1)));
    assert.equal(existsSync(file('admin-key')), false);
  }
});

test('a wrong master key is named by its variable and not shown', (t) => {
  const { config } = setup(t);
  const master_key = `${MASTER_KEY},hunter2`;
  assert.throws(
    () => loadKeys(config({ master_key }), 'dev', new SeededRandom(1)),
    (error: Error) => {
      assert.match(error.message, /^BELLWIRE_MASTER_KEY: master key 2 is not 32 bytes/);
      assert.equal(error.message.includes('hunter2'), false);
      assert.equal(error.message.includes(MASTER_KEY), false);
      return true;
    },
  );
});

test('a data directory that can not be made is named with its setting', (t) => {
  const { config } = setup(t);
  const { data } = config();
  makeDirectory(data, config);
  const inTheWay = join(data, 'admin-key');
  assert.throws(() => loadKeys(config({ data: inTheWay }), 'dev', new SeededRandom(1)), {
    name: 'ConfigError',
    message: /--data \(BELLWIRE_DATA\): .*admin-key can't be made/,
  });
});

test('a key file that a killed start left empty is made anew, for its owner alone', (t) => {
  const { data, config, file } = setup(t);
  makeDirectory(data, config);
  writeFileSync(file('admin-key'), '');
  chmodSync(file('admin-key'), 0o644);
  const keys = loadKeys(config(), 'dev', new SeededRandom(2));
  assert.equal(looksLikeApiKey(keys.adminKey), true);
  assert.deepEqual(keys.written, [file('admin-key')]);
  assert.equal(permissions(file('admin-key')), '600');
});

test('a kept text is made once and read without its line end', (t) => {
  const { data, config } = setup(t);
  makeDirectory(data, config);
  assert.equal(
    keptText(data, 'note', () => 'first'),
    'first',
  );
  assert.equal(
    keptText(data, 'note', () => 'second'),
    'first',
  );
});
