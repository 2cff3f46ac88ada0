/** Pages written from the code, so that they can't drift. UPDATE_DOCS=1 npm test rewrites them. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertGenerated } from '../src/api/testing/generated-file.ts';
import {
  configSchema,
  describeConfig,
  envName,
  flagName,
  SETTINGS,
  type Config,
  type Setting,
} from '../src/app/config.ts';
import { FAILURE_REASONS } from '../src/domain/outcome.ts';

const DOMAIN = new URL('../src/domain/', import.meta.url);

test('docs/operating/configuration.md lists the settings of the schema', async () => {
  const defaults: Readonly<Record<string, unknown>> = configSchema.parse({});
  const rows = SETTINGS.map((setting) => {
    const { [setting]: byDefault } = defaults;
    const shown =
      byDefault === undefined || byDefault === '' ? '' : `\`${JSON.stringify(byDefault)}\``;
    const names = `\`${envName(setting)}\` | \`${flagName(setting)}\` | \`${setting}\``;
    return `| ${names} | ${shown} | ${configSchema.shape[setting].description ?? ''} |`;
  });
  const secrets = secretSettings().map((setting) => `\`${envName(setting)}_FILE\``);
  const page = [
    '# Settings',
    '',
    written('src/app/config.ts'),
    '',
    'Every setting can be given in three ways. A flag wins over the environment, which wins over',
    'the JSON file named by `--config`. `bellwire config check` tells whether they are right,',
    '`bellwire config print` shows what is in effect; of secrets only that they are there.',
    '',
    '| environment | flag | key in the file | default | |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'Secrets may also be read from a file, as containers mount them:',
    `${secrets.join(' and ')} name it.`,
    'A variable that starts with `BELLWIRE_` and is none of these is reported at the start: most',
    'likely it is a typing error.',
    '',
  ];
  await assertGenerated('docs/operating/configuration.md', page.join('\n'));
});

test('docs/operating/limits.md lists the limits with their values', async () => {
  // Without the extension `limits` itself comes first.
  const rooms = readdirSync(DOMAIN).flatMap(
    (name) => /^(limits(?:-\w+)?)\.ts$/.exec(name)?.[1] ?? [],
  );
  const tables = await Promise.all(rooms.toSorted().map((room) => limitTables(`${room}.ts`)));
  const page = [
    '# Limits',
    '',
    written('src/domain/limits*.ts'),
    '',
    'Everything has a limit, so that one caller, one target or one bad day can take no more than',
    'its share. What goes over one is refused with a reason. The unit is in the name.',
    ...tables.flat(),
    '',
    'What the outgoing HTTP client allows itself stands in',
    '[src/egress/README.md](../../src/egress/README.md).',
    '',
  ];
  await assertGenerated('docs/operating/limits.md', page.join('\n'));
});

test('docs/failure-reasons.md lists every reason', async () => {
  const page = [
    '# Why an attempt failed',
    '',
    written('src/domain/outcome.ts'),
    '',
    'An attempt that failed carries one of these as `failure_reason`. The list is closed: a new',
    'reason is a change of the API. [States of a delivery](delivery-states.md) says what follows.',
    '',
    '| `failure_reason` | meaning |',
    '|---|---|',
    ...FAILURE_REASONS.map(({ reason, meaning }) => `| \`${reason}\` | ${meaning} |`),
    '',
  ];
  await assertGenerated('docs/failure-reasons.md', page.join('\n'));
});

function written(source: string): string {
  return (
    `<!-- Written from ${source} by test/docs-generated.test.ts. -->\n` +
    '<!-- Do not edit: change the code and run UPDATE_DOCS=1 npm test. -->'
  );
}

/** The settings that are never shown. */
function secretSettings(): Setting[] {
  const config: Config = { ...configSchema.parse({}), admin_key: 'shown', master_key: 'shown' };
  const described = describeConfig(config);
  return SETTINGS.filter((setting) => described[setting] === '(configured)');
}

/** One table for each `// Heading` of a source, with the comment above each constant. */
async function limitTables(file: string): Promise<string[]> {
  const source = new URL(file, DOMAIN);
  const values: Readonly<Record<string, number>> = await import(source.href);
  const lines: string[] = [];
  let about = '';
  for (const line of readFileSync(source, 'utf8').split('\n')) {
    const heading = /^\/\/ (.+)$/.exec(line)?.[1];
    const name = /^export const (\w+)/.exec(line)?.[1];
    if (heading !== undefined)
      lines.push('', `## ${heading}`, '', '| limit | value | |', '|---|---|---|');
    about = /^\/\*\* (.+) \*\/$/.exec(line)?.[1] ?? (name === undefined ? '' : about);
    if (name === undefined) continue;
    lines.push(`| \`${name}\` | ${inWords(name, values[name] ?? Number.NaN)} | ${about} |`);
    about = '';
  }
  return lines;
}

const KIB = 1024;
const MIB = 1024 * KIB;

const UNITS: readonly (readonly [suffix: RegExp, unit: string])[] = [
  [/_BYTES$/, 'bytes'],
  [/_CHARS$/, 'characters'],
  [/_MS$/, 'ms'],
  [/_SECONDS$/, 's'],
  [/_DAYS$/, 'days'],
  [/_PER_SECOND$/, 'a second'],
];

function inWords(name: string, value: number): string {
  if (name.endsWith('_BYTES') && value >= MIB) return `${value / MIB} MiB`;
  if (name.endsWith('_BYTES') && value >= KIB) return `${value / KIB} KiB`;
  const unit = UNITS.find(([suffix]) => suffix.test(name))?.[1] ?? '';
  return `${value.toLocaleString('en')} ${unit}`.trimEnd();
}
